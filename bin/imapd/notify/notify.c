/* NOTIFY (RFC 5465 3.1). */
#include "notify/notify.h"

#include <errno.h>
#include <stdlib.h>

#include "answer.h"
#include "command.h"
#include "mailbox/status.h"
#include "selected/sync.h"

static void
notify_init(struct notify *n)
{
	*n = (struct notify){ .fd = -1,
		.root = -1,
		.moves = STR_INIT,
		.from = STR_INIT,
		.own = STR_INIT };
}

void
notify_free(struct session *s)
{
	if (s->notify == NULL)
		return;
	notify_end(s->notify);
	free(s->notify);
	s->notify = NULL;
}

void
notify_fetch(struct session *s)
{
	if (s->notify != NULL && s->notify->rules.has_fetch &&
	    s->state == SELECTED)
		fetch_tell(s, &s->notify->rules.fetch, s->new_from, s->new_to);
	s->new_from = s->new_to = 0;
}

/* RFC 5465 3.1: the initial STATUS responses. */
static void
statuses_put(struct session *s, const struct notify *n)
{
	for (size_t i = 0; i < n->count && !s->io.failed; i++) {
		const struct watched *w = &n->at[i];
		unsigned items = 0;

		if (s->state == SELECTED &&
		    span_equal(w->name, str_span(&s->mailbox)))
			continue;
		if (w->events & EVENT_NEW)
			items |= status_item("MESSAGES") |
			    status_item("UIDNEXT") | status_item("UIDVALIDITY");
		if (w->events & EVENT_FLAGS)
			items |= status_item("UNSEEN");
		/* RFC 5465 3.1: of FlagChange, whatever was enabled. */
		if (items != 0 && session_offers(s, "CONDSTORE") &&
		    ((w->events & EVENT_FLAGS) ||
			(s->enabled & ENABLED_CONDSTORE)))
			items |= status_item("UIDVALIDITY") |
			    status_item("HIGHESTMODSEQ");
		if (items != 0)
			status_put(s, w->name, items);
	}
}

static void
notify_replace(struct session *s, const struct notify *n)
{
	if (s->notify == NULL)
		s->notify = mem_new(sizeof *s->notify);
	else
		notify_end(s->notify);
	*s->notify = *n;
}

static void
notify_set(struct session *s)
{
	struct notify n;

	notify_init(&n);
	switch (rules_take(&s->parser, &n.rules)) {
	case RULES_SYNTAX:
		answer_syntax(s);
		return;
	case RULES_EVENT:
		str_clear(&s->text);
		rules_events_add(&s->text);
		answer(s, RESULT_NO, "[BADEVENT (%s)] Unsupported event",
		    s->text.at);
		return;
	case RULES_GOOD:
		break;
	}
	rules_decode(s, &s->arena, &n.rules);
	if (notify_begin(s, &n) < 0) {
		if (errno == E2BIG)
			answer(s, RESULT_NO,
			    "[NOTIFICATIONOVERFLOW] Too many mailboxes");
		else
			answer_errno(s, "read the mailboxes");
		notify_end(&n);
		return;
	}
	/* The rules point into the command's arena. */
	n.arena = s->arena;
	s->arena = (struct arena)ARENA_INIT;
	notify_replace(s, &n);
	if (n.rules.status)
		statuses_put(s, s->notify);
	answer(s, RESULT_OK, "NOTIFY completed");
}

void
cmd_notify(struct session *s)
{
	struct notify none;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
	} else if (parse_is(&s->parser, "SET")) {
		notify_set(s);
	} else if (parse_is(&s->parser, "NONE") && parse_end(&s->parser)) {
		notify_init(&none);
		notify_replace(s, &none);
		answer(s, RESULT_OK, "NOTIFY completed");
	} else {
		answer_syntax(s);
	}
}
