#include "base/span.h"

#include <string.h>

struct span
span_text(const char *text)
{
	return (struct span){ text, strlen(text) };
}

char
byte_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char)(c + ('a' - 'A')) : c;
}

bool
byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
byte_is_alpha(char c)
{
	char l = byte_lower(c);

	return l >= 'a' && l <= 'z';
}

bool
byte_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
byte_is_space(char c)
{
	return byte_is_blank(c) || c == '\r' || c == '\n';
}

bool
byte_is_control(char c)
{
	return (unsigned char)c < 32 || c == 127;
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool
span_equal_case(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.at[i]) != byte_lower(b.at[i]))
			return false;
	return true;
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	    span_equal(span_head(s, prefix.len), prefix);
}

bool
span_starts_case(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	    span_equal_case(span_head(s, prefix.len), prefix);
}

bool
span_ends_case(struct span s, struct span suffix)
{
	return s.len >= suffix.len &&
	    span_equal_case(span_from(s, s.len - suffix.len), suffix);
}

int
span_compare(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n == 0 ? 0 : memcmp(a.at, b.at, n);

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

size_t
span_find(struct span s, char c)
{
	const char *p = s.len == 0 ? NULL : memchr(s.at, c, s.len);

	return p == NULL ? s.len : (size_t)(p - s.at);
}

size_t
span_find_case(struct span s, struct span needle)
{
	for (size_t i = 0; i + needle.len <= s.len; i++)
		if (span_equal_case(
			span_head(span_from(s, i), needle.len), needle))
			return i;
	return s.len;
}

struct span
span_from(struct span s, size_t n)
{
	if (n > s.len)
		n = s.len;
	/* Of an empty span that is nowhere nothing may be computed, not even 0. */
	return (struct span){ n == 0 ? s.at : s.at + n, s.len - n };
}

struct span
span_head(struct span s, size_t n)
{
	return (struct span){ s.at, n < s.len ? n : s.len };
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && byte_is_blank(s.at[0]))
		s = span_from(s, 1);
	while (s.len > 0 && byte_is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool
span_take(struct span *rest, char c)
{
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

bool
span_take_text(struct span *rest, struct span text)
{
	if (!span_starts(*rest, text))
		return false;
	*rest = span_from(*rest, text.len);
	return true;
}

bool
span_take_case(struct span *rest, struct span text)
{
	if (!span_starts_case(*rest, text))
		return false;
	*rest = span_from(*rest, text.len);
	return true;
}

bool
span_take_byte(struct span *rest, char *c_r)
{
	if (rest->len == 0)
		return false;
	*c_r = rest->at[0];
	*rest = span_from(*rest, 1);
	return true;
}

bool
span_until(struct span *rest, char stop, struct span *head_r)
{
	size_t n = span_find(*rest, stop);

	if (n == rest->len)
		return false;
	*head_r = span_head(*rest, n);
	*rest = span_from(*rest, n);
	return true;
}

bool
span_line(struct span *rest, struct span *line_r)
{
	size_t n = span_find(*rest, '\n');

	if (rest->len == 0)
		return false;
	*line_r = span_head(*rest, n);
	*rest = span_from(*rest, n + 1);
	return true;
}

struct span
span_word(struct span *rest)
{
	struct span word = span_trim(*rest);
	size_t n = 0;

	while (n < word.len && !byte_is_blank(word.at[n]))
		n++;
	*rest = span_trim(span_from(word, n));
	return span_head(word, n);
}

bool
span_number(struct span *rest, uint64_t max, uint64_t *n_r)
{
	struct span s = *rest;
	uint64_t n = 0;

	if (s.len == 0 || !byte_is_digit(s.at[0]))
		return false;
	for (; s.len > 0 && byte_is_digit(s.at[0]); s = span_from(s, 1)) {
		uint64_t digit = (uint64_t)(s.at[0] - '0');

		if (digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*rest = s;
	*n_r = n;
	return true;
}

bool
span_is_number(struct span s, uint64_t max, uint64_t *n_r)
{
	return span_number(&s, max, n_r) && s.len == 0;
}

size_t
span_ascii(struct span s)
{
	const uint64_t high = 0x8080808080808080;
	uint64_t word[4];
	size_t n = 0;

	for (; s.len - n >= sizeof word; n += sizeof word) {
		memcpy(word, s.at + n, sizeof word);
		if (((word[0] | word[1] | word[2] | word[3]) & high) != 0)
			break;
	}
	for (; s.len - n >= sizeof *word; n += sizeof *word) {
		memcpy(word, s.at + n, sizeof *word);
		if ((word[0] & high) != 0)
			break;
	}
	while (n < s.len && (unsigned char)s.at[n] < 0x80)
		n++;
	return n;
}

bool
span_is_ascii(struct span s)
{
	return span_ascii(s) == s.len;
}

bool
span_is_clean(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (byte_is_control(s.at[i]))
			return false;
	return true;
}

size_t
span_utf8(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.at;
	size_t n = p[0] < 0x80 ? 1
	    : p[0] < 0xc2      ? 0
	    : p[0] < 0xe0      ? 2
	    : p[0] < 0xf0      ? 3
	    : p[0] < 0xf5      ? 4
			       : 0;

	if (n == 0 || n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool
span_is_utf8(struct span s)
{
	for (;;) {
		size_t n;

		s = span_from(s, span_ascii(s));
		if (s.len == 0)
			return true;
		n = span_utf8(s);
		if (n == 0)
			return false;
		s = span_from(s, n);
	}
}
