#include "mail/nstring.h"

enum { QUOTED_MAX = 1000 };

static bool
needs_literal(struct span s, bool utf8)
{
	if (s.len > QUOTED_MAX)
		return true;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c == '\0' || c == '\r' || c == '\n' || (c > 127 && !utf8))
			return true;
	}
	return false;
}

/* Up to the first byte that is quoted by a backslash. */
static size_t
plain_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.at[n] != '"' && s.at[n] != '\\')
		n++;
	return n;
}

static void
add(struct str *out, struct span s, bool utf8)
{
	if (needs_literal(s, utf8)) {
		str_addf(out, "{%zu}\r\n", s.len);
		/* RFC 3501 9: no string holds NUL. */
		for (size_t i = 0; i < s.len; i++)
			str_add_byte(out, s.at[i] == '\0' ? '?' : s.at[i]);
		return;
	}
	str_add_byte(out, '"');
	while (s.len > 0) {
		size_t n = plain_len(s);

		str_add(out, span_head(s, n));
		s = span_from(s, n);
		if (s.len == 0)
			break;
		str_add_byte(out, '\\');
		str_add_byte(out, s.at[0]);
		s = span_from(s, 1);
	}
	str_add_byte(out, '"');
}

void
string_add(struct str *out, struct span s)
{
	add(out, s, false);
}

void
string_add_utf8(struct str *out, struct span s)
{
	add(out, s, span_is_utf8(s));
}

void
nstring_add(struct str *out, struct span s)
{
	if (s.at == NULL)
		str_add(out, SPAN("NIL"));
	else
		string_add(out, s);
}

void
nstring_add_value(struct str *out, struct span value)
{
	struct str flat = STR_INIT;

	if (value.at == NULL) {
		nstring_add(out, value);
		return;
	}
	if (span_find(value, '\n') == value.len) {
		value = span_trim(value);
		if (value.len > 0 && value.at[value.len - 1] == '\r')
			value.len--;
		string_add(out, value);
		return;
	}
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] != '\r' && value.at[i] != '\n')
			str_add_byte(&flat, value.at[i]);
	string_add(out, span_trim(str_span(&flat)));
	str_free(&flat);
}
