/* Arguments that many commands have. */
#include "mail/mutf7.h"
#include "mail/nstring.h"
#include "sequence.h"
#include "session.h"

bool
session_mailbox(struct session *s, struct span *name_r)
{
	struct str name = STR_INIT;
	struct span coded;

	if (!parse_astring(&s->parser, &coded)) {
		answer_syntax(s);
		return false;
	}
	/* RFC 3501 5.1: INBOX in any case. */
	if (span_equal_case(coded, SPAN("INBOX"))) {
		*name_r = SPAN("INBOX");
		return true;
	}
	if (coded.len == 0 || !mutf7_decode(&name, coded, "")) {
		str_free(&name);
		answer(s, RESULT_NO,
		    "[CANNOT] A mailbox's name is modified UTF-7");
		return false;
	}
	*name_r = arena_copy(&s->arena, str_span(&name));
	str_free(&name);
	return true;
}

bool
session_end(struct session *s)
{
	if (parse_end(&s->parser))
		return true;
	answer_syntax(s);
	return false;
}

void
mailbox_name_add(struct str *out, struct span name)
{
	struct str coded = STR_INIT;

	if (span_equal(name, SPAN("INBOX"))) {
		str_add(out, name);
		return;
	}
	if (mutf7_encode(&coded, name, ""))
		string_add(out, str_span(&coded));
	else
		string_add(out, name);
	str_free(&coded);
}

static uint32_t
largest(const struct session *s)
{
	const struct folder *f = &s->folder;

	if (!s->uid || f->count == 0)
		return f->count;
	return f->messages[f->count - 1].uid;
}

static void
choose_range(struct session *s, struct range r, struct chosen *c)
{
	const struct folder *f = &s->folder;
	uint32_t first = s->uid ? folder_find(f, r.low) : r.low - 1;

	for (uint32_t i = first; i < f->count; i++) {
		if ((s->uid ? f->messages[i].uid : i + 1) > r.high)
			break;
		c->at[c->count++] = i;
	}
}

bool
session_messages(struct session *s, struct chosen *c_r)
{
	struct parser *p = &s->parser;
	struct sequence set;

	if (!sequence_take(&p->rest, &s->arena, &set)) {
		answer_syntax(s);
		return false;
	}
	sequence_resolve(&set, largest(s));
	/* RFC 9051 9: a number that no message has is an error; a UID is not. */
	if (!s->uid && set.count > 0 &&
	    set.at[set.count - 1].high > s->folder.count) {
		answer(s, RESULT_BAD, "There are only %u messages",
		    s->folder.count);
		return false;
	}
	*c_r = (struct chosen){ .at = arena_new(&s->arena,
				    s->folder.count * sizeof *c_r->at) };
	for (size_t i = 0; i < set.count; i++)
		choose_range(s, set.at[i], c_r);
	return true;
}
