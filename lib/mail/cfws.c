#include "mail/cfws.h"

void
comment_skip(struct span *rest)
{
	size_t depth = 0;
	char c;

	while (span_take_byte(rest, &c)) {
		if (c == '\\')
			span_take_byte(rest, &c);
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return;
	}
}

void
cfws_skip(struct span *rest)
{
	while (rest->len > 0)
		if (rest->at[0] == '(')
			comment_skip(rest);
		else if (byte_is_space(rest->at[0]))
			*rest = span_from(*rest, 1);
		else
			return;
}

struct span
quoted_take(struct span *rest)
{
	struct span start = *rest;
	char c;

	span_take(rest, '"');
	while (span_take_byte(rest, &c) && c != '"')
		if (c == '\\')
			span_take_byte(rest, &c);
	return span_head(start, start.len - rest->len);
}
