#include "lines.h"

#include <string.h>

/* The byte after a CR that was held back. */
static void
after_cr(struct lines *l, struct span *in, struct str *out)
{
	l->state = LINES_START;
	if (span_take(in, '\n')) {
		l->ends++;
		str_add_byte(out, '\n');
		return;
	}
	l->bare_cr = true;
	l->state = LINES_MIDDLE;
	str_add_byte(out, '\r');
}

/* RFC 5321 4.5.2: the dot is removed when anything follows it on the line. */
static void
after_dot(struct lines *l, struct span *in, struct str *out)
{
	if (span_take(in, '\r')) {
		l->state = LINES_DOT_CR;
		return;
	}
	l->state = LINES_MIDDLE;
	if (in->at[0] == '\n') /* bare LF: not the end, so the dot stays */
		str_add_byte(out, '.');
}

/* True for the end of the message. */
static bool
after_dot_cr(struct lines *l, struct span *in, struct str *out)
{
	if (span_take(in, '\n'))
		return true;
	l->bare_cr = true;
	l->state = LINES_MIDDLE;
	str_add_byte(out, '\r');
	return false;
}

/* The rest of a line, as far as it is here. */
static void
take_middle(struct lines *l, struct span *in, struct str *out)
{
	size_t n = span_find(*in, '\n');
	bool ends = n < in->len;
	struct span text = span_head(*in, n);

	*in = span_from(*in, ends ? n + 1 : n);
	l->nul |= memchr(text.at, '\0', text.len) != NULL;
	if (text.len > 0 && text.at[text.len - 1] == '\r') {
		text.len--;
		l->ends += ends ? 1 : 0;
		l->state = ends ? LINES_START : LINES_CR;
	} else {
		/* A bare LF does not start a line: a dot after it is text. */
		l->state = LINES_MIDDLE;
		l->bare_lf |= ends;
	}
	l->bare_cr |= memchr(text.at, '\r', text.len) != NULL;
	str_add(out, text);
	if (ends)
		str_add_byte(out, '\n');
}

bool
lines_feed(struct lines *l, struct span *in, struct str *out)
{
	while (in->len > 0)
		switch (l->state) {
		case LINES_START:
			l->state = LINES_MIDDLE;
			if (!l->opaque && span_take(in, '.'))
				l->state = LINES_DOT;
			break;
		case LINES_MIDDLE:
			take_middle(l, in, out);
			break;
		case LINES_CR:
			after_cr(l, in, out);
			break;
		case LINES_DOT:
			after_dot(l, in, out);
			break;
		case LINES_DOT_CR:
			if (after_dot_cr(l, in, out))
				return true;
			break;
		}
	return false;
}

void
lines_finish(struct lines *l, struct str *out)
{
	if (l->state != LINES_CR)
		return;
	l->bare_cr = true;
	str_add_byte(out, '\r');
}
