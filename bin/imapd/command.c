#include "command.h"
#include "answer.h"
#include "notify/notify.h"
#include "selected/condstore.h"
#include "selected/sync.h"

/* It is not there when its capability was left out. */
static bool
command_is_offered(const struct session *s, const struct command *c)
{
	struct span rest;

	if (c->capability == NULL || (c->flags & CORE))
		return true;
	rest = span_text(c->capability);
	return offer_has(&s->offer, span_word(&rest));
}

static const struct command *
command_find(const struct session *s, struct span name)
{
	for (const struct command *c = s->commands; c->name != NULL; c++)
		if (span_equal_case(name, span_text(c->name)))
			return command_is_offered(s, c) ? c : NULL;
	return NULL;
}

static const struct command *
command_take(struct session *s)
{
	struct parser *p = &s->parser;
	const struct command *c;
	struct span name;

	s->uid = false;
	if (!parse_name(p, &name))
		return NULL;
	if (!span_equal_case(name, SPAN("UID")))
		return command_find(s, name);
	s->uid = true;
	if (!parse_space(p) || !parse_name(p, &name))
		return NULL;
	c = command_find(s, name);
	if (c == NULL || !(c->flags & UID_TOO))
		return NULL;
	return c->run == cmd_expunge && !offer_has(&s->offer, SPAN("UIDPLUS"))
	    ? NULL
	    : c;
}

void
command_run(struct session *s)
{
	const struct command *c = command_take(s);
	bool expunges;

	if (c == NULL) {
		answer(s, RESULT_BAD, "Unknown command");
		return;
	}
	if (!(c->in & s->state)) {
		answer(s, RESULT_BAD, "No mailbox is selected");
		return;
	}
	if (!s->uid && (s->enabled & ENABLED_UIDONLY) && (c->flags & UID_TOO) &&
	    c->run != cmd_expunge) {
		answer(s, RESULT_BAD, "[UIDREQUIRED] Only UIDs are enabled");
		return;
	}
	/* RFC 3501 7.4.1: no EXPUNGE during FETCH, STORE or SEARCH by number,
	 * which the client may have pipelined; RFC 2180 4.4: always with
	 * COPY. */
	expunges = s->uid || (c->flags & SYNC_ALL);
	if ((c->flags & SYNC_BEFORE) && s->state == SELECTED)
		session_sync(s, expunges);
	else if (s->state == SELECTED)
		folder_follow(&s->folder);
	c->run(s);
	if ((c->flags & SYNC_AFTER) && s->state == SELECTED)
		session_sync(s, expunges);
	notify_fetch(s);
	condstore_answer(s);
}
