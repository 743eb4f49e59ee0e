#include "append/url.h"

static int
hex(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.1. The decoded text must be UTF-8 without control characters. */
static bool
decode(struct span text, struct arena *a, struct span *decoded_r)
{
	char *to = arena_new(a, text.len + 1), c;
	size_t n = 0;

	while (span_take_byte(&text, &c)) {
		if (c == '%') {
			int high = text.len < 2 ? -1 : hex(text.at[0]);
			int low = text.len < 2 ? -1 : hex(text.at[1]);

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			text = span_from(text, 2);
		}
		to[n++] = c;
	}
	*decoded_r = (struct span){ to, n };
	return span_is_utf8(*decoded_r) && span_is_clean(*decoded_r);
}

static bool
take_number(struct span *rest, uint32_t *n_r)
{
	uint64_t n;

	if (!span_number(rest, UINT32_MAX, &n) || n == 0)
		return false;
	*n_r = (uint32_t)n;
	return true;
}

/* Take up to the next c, or to the end. */
static struct span
take_until(struct span *rest, char c)
{
	struct span head = span_head(*rest, span_find(*rest, c));

	*rest = span_from(*rest, head.len);
	return head;
}

/* RFC 5092 11: enc-mailbox [uidvalidity], up to the "/" of iuid; a ';' in the
 * mailbox's name is encoded. */
static bool
take_mailbox(struct span *rest, struct arena *a, struct url *u)
{
	size_t n = span_find_case(*rest, SPAN("/;UID="));
	struct span head = span_head(*rest, n);

	if (n == rest->len)
		return span_starts_case(*rest, SPAN(";UID="));
	*rest = span_from(*rest, n + 1);
	if (head.len == 0)
		return true;
	if (!span_take(&head, '/') ||
	    !decode(take_until(&head, ';'), a, &u->mailbox) ||
	    u->mailbox.len == 0)
		return false;
	return head.len == 0 ||
	    (span_take_case(&head, SPAN(";UIDVALIDITY=")) &&
		take_number(&head, &u->uidvalidity) && head.len == 0);
}

static bool
take_partial(struct span *rest, struct url *u)
{
	u->partial = true;
	u->count = UINT64_MAX;
	if (!span_number(rest, INT64_MAX, &u->from))
		return false;
	return !span_take(rest, '.') ||
	    (span_number(rest, INT64_MAX, &u->count) && u->count > 0);
}

bool
url_parse(struct span text, struct arena *a, struct url *u_r)
{
	*u_r = (struct url){ .mailbox = SPAN(""), .section = SPAN("") };
	if (!take_mailbox(&text, a, u_r) ||
	    !span_take_case(&text, SPAN(";UID=")) ||
	    !take_number(&text, &u_r->uid))
		return false;
	if (span_take_case(&text, SPAN("/;SECTION=")) &&
	    (!decode(take_until(&text, '/'), a, &u_r->section) ||
		u_r->section.len == 0))
		return false;
	if (span_take_case(&text, SPAN("/;PARTIAL=")) &&
	    !take_partial(&text, u_r))
		return false;
	return text.len == 0;
}
