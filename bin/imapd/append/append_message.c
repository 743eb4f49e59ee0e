/* One message of APPEND or REPLACE (RFC 3501 6.3.11, RFC 3502, RFC 4466). */
#include <errno.h>

#include "answer.h"
#include "append/append.h"
#include "argument.h"
#include "base/clock.h"
#include "base/log.h"
#include "mail/date.h"
#include "selected/sync.h"

static bool
take_flag_list(struct session *s, struct append_how *how)
{
	struct parser *p = &s->parser;
	struct span *keywords = arena_new(
	    &s->arena, KEYWORDS_MAX * sizeof *keywords);

	how->keywords = keywords;
	if (parse_byte(p, ')'))
		return true;
	do {
		struct span flag;

		if (!parse_flag(p, &flag))
			return false;
		if (flag.at[0] == '\\')
			how->flags |= flag_bit(flag);
		else if (how->keyword_count++ < KEYWORDS_MAX)
			keywords[how->keyword_count - 1] = flag;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

static bool
take_date(struct parser *p, int64_t *seconds_r)
{
	struct span text;
	struct date d;

	if (!parse_string(p, &text) || !date_imap_parse(text, &d))
		return false;
	*seconds_r = d.seconds;
	return true;
}

/* The arguments between the mailbox and the message. */
static bool
take_how(struct session *s, struct append_how *how)
{
	struct parser *p = &s->parser;

	*how = (struct append_how){ .date = clock_wall_s() };
	if (parse_byte(p, '(') && (!take_flag_list(s, how) || !parse_space(p)))
		return false;
	return p->rest.len == 0 || p->rest.at[0] != '"' ||
	    (take_date(p, &how->date) && parse_space(p));
}

/* RFC 6855 4: "UTF8 (" literal8 ")". */
static bool
take_utf8(struct session *s, struct incoming *in)
{
	struct parser *p = &s->parser;

	if (!parse_byte(p, ' ') || !parse_byte(p, '(') || p->rest.len == 0 ||
	    p->rest.at[0] != '~') {
		answer_syntax(s);
		return false;
	}
	if (!incoming_literal(s, in))
		return false;
	if (parse_byte(p, ')'))
		return true;
	answer_syntax(s);
	return false;
}

static bool
take_data(struct session *s, struct incoming *in)
{
	struct parser *p = &s->parser;
	bool eight = p->rest.len > 0 && p->rest.at[0] == '~';

	if (session_offers(s, "UTF8=ACCEPT") && parse_is(p, "UTF8"))
		return take_utf8(s, in);
	if (session_offers(s, "CATENATE") && parse_is(p, "CATENATE"))
		return incoming_catenate(s, in);
	if (eight && !session_offers(s, "BINARY")) {
		answer_syntax(s);
		return false;
	}
	return incoming_literal(s, in);
}

bool
incoming_start(struct session *s, struct incoming *in)
{
	*in = (struct incoming){ .to = { .waiting = STR_INIT },
		.other_name = STR_INIT };
	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return false;
	}
	if (!argument_mailbox(s, &in->mailbox))
		return false;
	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return false;
	}
	in->started = true;
	if (append_start(&in->to, &s->store, in->mailbox) == 0)
		return true;
	incoming_fail(s, in);
	return false;
}

bool
incoming_message(struct session *s, struct incoming *in)
{
	if (!take_how(s, &in->how)) {
		answer_syntax(s);
		return false;
	}
	if (in->how.keyword_count > KEYWORDS_MAX) {
		errno = E2BIG;
		answer_errno(s, "append");
		return false;
	}
	if (in->to.count == APPEND_MESSAGES) {
		answer(s, RESULT_NO, "[LIMIT] At most %d messages at a time",
		    APPEND_MESSAGES);
		return false;
	}
	in->size = 0;
	if (append_next(&in->to) < 0) {
		incoming_fail(s, in);
		return false;
	}
	if (!take_data(s, in))
		return false;
	/* RFC 3502 6.3.11: a client gives up by an empty literal. */
	if (in->size == 0) {
		answer(s, RESULT_NO, "A message has at least one byte");
		return false;
	}
	if (append_close(&in->to, &in->how) == 0)
		return true;
	incoming_fail(s, in);
	return false;
}

static void
append_log(const struct session *s, const struct incoming *in)
{
	struct logline l;

	for (size_t i = 0; i < in->to.count; i++) {
		const struct append_message *m = &in->to.at[i];

		log_start(&l, "append");
		log_text(&l, "user", s->user);
		log_span(&l, "folder", in->mailbox);
		log_number(&l, "uid", m->uid);
		log_text(&l, "id", m->id.text);
		log_number(&l, "size", (int64_t)m->file.size);
		log_write(&l);
	}
}

bool
incoming_commit(struct session *s, struct incoming *in, uint32_t *uidvalidity_r)
{
	if (!argument_end(s))
		return false;
	if (append_commit(&in->to, s->state == SELECTED ? &s->folder : NULL,
		uidvalidity_r) < 0) {
		incoming_fail(s, in);
		return false;
	}
	append_log(s, in);
	return true;
}

/* RFC 4315 3, RFC 3502: the UIDs of one command follow each other. */
void
incoming_uids_add(const struct session *s, const struct incoming *in,
    uint32_t uidvalidity, struct str *out)
{
	const struct append *a = &in->to;

	if (!session_offers(s, "UIDPLUS"))
		return;
	str_addf(out, "[APPENDUID %u %u", uidvalidity, a->at[0].uid);
	if (a->count > 1)
		str_addf(out, ":%u", a->at[a->count - 1].uid);
	str_add_text(out, "] ");
}

void
incoming_end(struct incoming *in)
{
	if (in->started)
		append_end(&in->to);
	if (in->other_name.len > 0)
		folder_close(&in->other);
	str_free(&in->other_name);
}
