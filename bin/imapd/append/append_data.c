/* The bytes of a message sent as a literal. */
#include <errno.h>

#include "answer.h"
#include "append/append.h"
#include "argument.h"
#include "compress.h"

struct literal {
	uint64_t size;
	bool waits; /* the client waits for our "+" */
	bool eight; /* literal8: any byte may come */
	char last;
};

void
incoming_fail(struct session *s, const struct incoming *in)
{
	if (errno == ENOENT)
		answer(s, RESULT_NO, "[TRYCREATE] No such mailbox");
	else if (errno == EILSEQ)
		answer(s, RESULT_NO,
		    "[UNKNOWN-CTE] A message with NUL bytes, or lines without "
		    "CRLF, can't be stored");
	else
		answer_mailbox(s, "append", in->mailbox);
}

bool
incoming_room(struct session *s, const struct incoming *in, uint64_t more)
{
	uint64_t most = s->limits.message_size;

	if (more <= most && in->size <= most - more)
		return true;
	answer(s, RESULT_NO, "[TOOBIG] The limit is %llu bytes per message",
	    (unsigned long long)most);
	return false;
}

/* RFC 3516 4.4: a literal8 may hold bytes that a message can't: NUL and bare line
 * ends (which would become CRLF). */
static bool
is_storable(struct literal *l, struct span bytes)
{
	if (!l->eight)
		return true;
	if (span_find(bytes, '\0') < bytes.len)
		return false;
	for (size_t n = 0; n < bytes.len; n++) {
		if (bytes.at[n] == '\n' && l->last != '\r')
			return false;
		l->last = bytes.at[n];
	}
	return true;
}

/* Move the literal into the file. If the file can't be written, the bytes are
 * read anyway, so that the session stays in sync. -1 and errno of the first
 * failure; 1 when the connection ended. */
static int
receive(struct session *s, struct incoming *in, struct literal *l)
{
	int error = 0;

	for (uint64_t left = l->size; left > 0;) {
		struct span bytes;

		if (!parse_stream(&s->parser, left, &bytes))
			return 1;
		left -= bytes.len;
		if (error != 0)
			continue;
		if (!is_storable(l, bytes))
			error = EILSEQ;
		else if (append_write(&in->to, bytes) < 0)
			error = errno;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

static bool
take_head(struct session *s, struct literal *l)
{
	struct parser *p = &s->parser;

	*l = (struct literal){ .eight = p->rest.len > 0 &&
		    p->rest.at[0] == '~' };
	return l->eight ? parse_literal8(p, &l->size, &l->waits)
			: parse_message(p, &l->size, &l->waits);
}

bool
incoming_literal(struct session *s, struct incoming *in)
{
	struct parser *p = &s->parser;
	struct literal l;
	int r;

	if (!take_head(s, &l)) {
		answer_syntax(s);
		return false;
	}
	if (!incoming_room(s, in, l.size))
		return false;
	compress_renew(s);
	if (l.waits)
		parse_accept(p);
	p->line = SPAN(""); /* the literal is being consumed */
	r = receive(s, in, &l);
	in->size += l.size;
	if (r < 0) {
		incoming_fail(s, in);
		parse_continue(p);
		return false;
	}
	if (r == 0 && !parse_continue(p))
		answer_syntax(s);
	return r == 0 && p->end == IO_OK && !p->too_big;
}
