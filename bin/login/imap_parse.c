#include "imap_parse.h"

#include <string.h>

/* RFC 3501 9: ATOM-CHAR. */
static bool
is_atom(char c)
{
	return !byte_is_control(c) && (unsigned char)c < 128 && c != ' ' &&
	    strchr("(){%*\"\\]", c) == NULL;
}

bool
imap_literal(struct span line, uint64_t *size_r, bool *waits_r)
{
	struct span number;
	size_t open;

	if (line.len < 3 || line.at[line.len - 1] != '}')
		return false;
	for (open = line.len - 1; open > 0 && line.at[open] != '{'; open--)
		;
	if (line.at[open] != '{')
		return false;
	number = span_from(span_head(line, line.len - 1), open + 1);
	*waits_r = true;
	/* RFC 7888 4: {n+} is sent without waiting. */
	if (number.len > 0 && number.at[number.len - 1] == '+') {
		*waits_r = false;
		number.len--;
	}
	return span_is_number(number, UINT32_MAX, size_r);
}

bool
imap_tag(struct span *rest, size_t max, struct span *tag_r)
{
	size_t n = 0;

	while (n < rest->len && (is_atom(rest->at[n]) || rest->at[n] == ']') &&
	    rest->at[n] != '+')
		n++;
	if (n == 0 || n > max || n == rest->len || rest->at[n] != ' ')
		return false;
	*tag_r = span_head(*rest, n);
	*rest = span_from(*rest, n + 1);
	return true;
}

bool
imap_atom(struct span *rest, struct span *atom_r)
{
	size_t n = 0;

	while (n < rest->len && is_atom(rest->at[n]))
		n++;
	if (n == 0)
		return false;
	*atom_r = span_head(*rest, n);
	*rest = span_from(*rest, n);
	return true;
}

static bool
quoted(struct span *rest, struct str *value_r)
{
	struct span s = *rest;
	char c;

	while (span_take_byte(&s, &c)) {
		if (c == '"') {
			*rest = s;
			return true;
		}
		if (c == '\\' &&
		    (!span_take_byte(&s, &c) || (c != '"' && c != '\\')))
			return false;
		if (c == '\0' || c == '\r' || c == '\n')
			return false;
		str_add_byte(value_r, c);
	}
	return false;
}

static bool
literal(struct span *rest, struct str *value_r)
{
	size_t end = span_find(*rest, '\n');
	struct span value;
	uint64_t size;
	bool waits;

	if (end == rest->len || end == 0 || rest->at[end - 1] != '\r' ||
	    !imap_literal(span_head(*rest, end - 1), &size, &waits) ||
	    size > rest->len - end - 1)
		return false;
	value = span_head(span_from(*rest, end + 1), (size_t)size);
	if (span_find(value, '\0') < value.len)
		return false; /* RFC 3501 9: CHAR8 */
	str_add(value_r, value);
	*rest = span_from(*rest, end + 1 + (size_t)size);
	return true;
}

bool
imap_astring(struct span *rest, struct str *value_r)
{
	size_t n = 0;

	str_clear(value_r);
	if (rest->len > 0 && rest->at[0] == '{')
		return literal(rest, value_r);
	if (span_take(rest, '"'))
		return quoted(rest, value_r);
	/* ASTRING-CHAR; and 8-bit bytes, which some clients leave bare. */
	while (n < rest->len &&
	    (is_atom(rest->at[n]) || rest->at[n] == ']' ||
		(unsigned char)rest->at[n] > 127))
		n++;
	str_add(value_r, span_head(*rest, n));
	*rest = span_from(*rest, n);
	return n > 0;
}
