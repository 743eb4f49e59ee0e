/* Arguments that several commands share. */
#include "argument.h"
#include "answer.h"
#include "mail/mutf7.h"
#include "mail/nstring.h"
#include "sequence.h"
#include "session.h"

bool
mailbox_name_decode(const struct session *s, struct arena *a, struct span coded,
    struct span *name_r)
{
	struct str name = STR_INIT;
	bool ok;

	/* RFC 3501 5.1: INBOX in any case. */
	if (span_equal_case(coded, SPAN("INBOX"))) {
		*name_r = SPAN("INBOX");
		return true;
	}
	/* RFC 9051 5.1, RFC 9755 3: as it is, a '&' too. */
	if (session_is_utf8(s)) {
		ok = coded.len > 0 && span_is_utf8(coded);
		if (ok)
			*name_r = arena_copy(a, coded);
		return ok;
	}
	ok = coded.len > 0 && mutf7_decode(&name, coded, "");
	if (ok)
		*name_r = arena_copy(a, str_span(&name));
	str_free(&name);
	return ok;
}

bool
argument_mailbox(struct session *s, struct span *name_r)
{
	struct span coded;

	if (!parse_astring(&s->parser, &coded)) {
		answer_syntax(s);
		return false;
	}
	if (mailbox_name_decode(s, &s->arena, coded, name_r))
		return true;
	answer(s, RESULT_NO,
	    session_is_utf8(s) ? "[CANNOT] A mailbox's name is UTF-8"
			       : "[CANNOT] A mailbox's name is modified UTF-7");
	return false;
}

bool
argument_next_mailbox(struct session *s, struct span *name_r)
{
	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return false;
	}
	return argument_mailbox(s, name_r);
}

bool
argument_end(struct session *s)
{
	if (parse_end(&s->parser))
		return true;
	answer_syntax(s);
	return false;
}

void
mailbox_name_add(const struct session *s, struct str *out, struct span name)
{
	struct str coded = STR_INIT;

	if (span_equal(name, SPAN("INBOX"))) {
		str_add(out, name);
		return;
	}
	if (session_is_utf8(s))
		string_add_utf8(out, name);
	else if (mutf7_encode(&coded, name, ""))
		string_add(out, str_span(&coded));
	else
		string_add(out, name);
	str_free(&coded);
}

static uint32_t
largest(struct session *s)
{
	struct folder *f = &s->folder;

	if (!s->uid || f->count == 0)
		return f->count;
	return folder_message(f, f->count - 1).uid;
}

static void
choose_range(struct session *s, bool uid, struct range r, struct chosen *c)
{
	struct folder *f = &s->folder;
	uint32_t first = uid ? folder_find(f, r.low) : r.low - 1;

	for (uint32_t i = first; i < f->count; i++) {
		if ((uid ? folder_message(f, i).uid : i + 1) > r.high)
			break;
		c->at[c->count++] = i;
	}
}

static void
choose(
    struct session *s, bool uid, const struct sequence *set, struct chosen *c_r)
{
	*c_r = (struct chosen){ .at = arena_new(&s->arena,
				    s->folder.count * sizeof *c_r->at) };
	for (size_t i = 0; i < set->count; i++)
		choose_range(s, uid, set->at[i], c_r);
}

bool
argument_messages(struct session *s, struct chosen *c_r)
{
	struct parser *p = &s->parser;
	struct sequence set;

	/* RFC 5182 2.1: it stands for UIDs or numbers alike. */
	if (session_offers(s, "SEARCHRES") && parse_byte(p, '$')) {
		choose(s, true, &s->saved, c_r);
		return true;
	}
	if (!sequence_take(&p->rest, &s->arena, &set)) {
		answer_syntax(s);
		return false;
	}
	sequence_resolve(&set, largest(s));
	/* RFC 9051 9: an unused number is an error; an unused UID is not. */
	if (!s->uid && set.count > 0 &&
	    set.at[set.count - 1].high > s->folder.count) {
		answer(s, RESULT_BAD, "There are only %u messages",
		    s->folder.count);
		return false;
	}
	choose(s, s->uid, &set, c_r);
	return true;
}
