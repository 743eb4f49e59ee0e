/* APPEND (RFC 3501 6.3.11): the message goes straight into the store. */
#include "store/append.h"

#include <errno.h>

#include "base/clock.h"
#include "command.h"
#include "mail/date.h"
#include "sync.h"

struct incoming {
	struct span mailbox;
	struct append_how how;
	uint64_t size;
	bool waits; /* the client waits for our "+" */
};

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
		else if (how->keyword_count < KEYWORDS_MAX)
			keywords[how->keyword_count++] = flag;
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

/* What stands between the mailbox and the message. */
static bool
take_how(struct session *s, struct incoming *in)
{
	struct parser *p = &s->parser;

	in->how.date = clock_wall_s();
	if (!parse_space(p))
		return false;
	if (parse_byte(p, '(') &&
	    (!take_flag_list(s, &in->how) || !parse_space(p)))
		return false;
	if (p->rest.len > 0 && p->rest.at[0] == '"' &&
	    (!take_date(p, &in->how.date) || !parse_space(p)))
		return false;
	return parse_message(p, &in->size, &in->waits);
}

/* Move the literal into the file. A file that can't be written does not stop
 * the reading: the session stays in step. -1 and errno of the first failure;
 * 1 when the connection ended. */
static int
receive(struct session *s, struct append *a, uint64_t left)
{
	int error = 0;

	while (left > 0) {
		struct span bytes;

		if (!parse_stream(&s->parser, left, &bytes))
			return 1;
		left -= bytes.len;
		if (error == 0 && append_write(a, bytes) < 0)
			error = errno;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

static void
answer_append(struct session *s)
{
	if (errno == ENOENT)
		answer(s, RESULT_NO, "[TRYCREATE] No such mailbox");
	else
		answer_errno(s, "append");
}

static void
commit(struct session *s, struct append *a, const struct append_how *how)
{
	uint32_t uidvalidity, uid;

	/* RFC 3501 9 allows a CRLF only behind the literal. */
	if (!parse_continue(&s->parser) || !parse_end(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (append_commit(a, how, s->state == SELECTED ? &s->folder : NULL,
		&uidvalidity, &uid) < 0)
		answer_append(s);
	else
		answer(s, RESULT_OK, "[APPENDUID %u %u] Appended", uidvalidity,
		    uid);
}

/* Before the client sends: whether it makes sense. */
static bool
acceptable(struct session *s, const struct incoming *in)
{
	/* An empty literal is a client that gives up. */
	if (in->size == 0) {
		answer(s, RESULT_NO, "A message has at least one byte");
		return false;
	}
	if (in->size > s->limits.message_size) {
		answer(s, RESULT_NO, "[TOOBIG] A message may have %llu bytes",
		    (unsigned long long)s->limits.message_size);
		return false;
	}
	return true;
}

void
cmd_append(struct session *s)
{
	struct incoming in = { .size = 0 };
	struct append a;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!session_mailbox(s, &in.mailbox))
		return;
	if (!take_how(s, &in)) {
		answer_syntax(s);
		return;
	}
	if (!acceptable(s, &in))
		return;
	if (append_start(&a, &s->store, in.mailbox) < 0) {
		answer_append(s);
	} else {
		if (in.waits)
			parse_accept(&s->parser);
		s->parser.line = SPAN(""); /* the literal is being taken */
		switch (receive(s, &a, in.size)) {
		case 0:
			commit(s, &a, &in.how);
			break;
		case -1:
			answer_append(s);
			parse_continue(&s->parser);
			break;
		}
	}
	append_end(&a);
}
