#include "mail/utf8.h"

size_t
utf8_put(char *to, uint32_t p)
{
	size_t n = 0;

	if (p < 0x80) {
		to[n++] = (char)p;
		return n;
	}
	if (p < 0x800) {
		to[n++] = (char)(0xc0 | p >> 6);
	} else {
		if (p < 0x10000) {
			to[n++] = (char)(0xe0 | p >> 12);
		} else {
			to[n++] = (char)(0xf0 | p >> 18);
			to[n++] = (char)(0x80 | (p >> 12 & 0x3f));
		}
		to[n++] = (char)(0x80 | (p >> 6 & 0x3f));
	}
	to[n++] = (char)(0x80 | (p & 0x3f));
	return n;
}

void
utf8_add(struct str *out, uint32_t point)
{
	out->len += utf8_put(str_reserve(out, UTF8_MAX), point);
	out->at[out->len] = '\0';
}

void
utf8_add_ascii(struct str *out, struct span *rest)
{
	size_t n = span_ascii(*rest);

	str_add(out, span_head(*rest, n));
	*rest = span_from(*rest, n);
}

bool
utf8_take(struct span *rest, uint32_t *point_r)
{
	unsigned char first;
	size_t n;
	uint32_t p;

	if (rest->len == 0)
		return false;
	first = (unsigned char)rest->at[0];
	if (first < 0x80) {
		*rest = span_from(*rest, 1);
		*point_r = first;
		return true;
	}
	n = span_utf8(*rest);
	if (n == 0) {
		*rest = span_from(*rest, 1);
		*point_r = REPLACEMENT;
		return true;
	}
	p = first & (0x7fU >> n);
	for (size_t i = 1; i < n; i++)
		p = p << 6 | ((unsigned char)rest->at[i] & 0x3f);
	*rest = span_from(*rest, n);
	*point_r = p;
	return true;
}

bool
utf8_is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	    point == 0x200e || point == 0x200f ||
	    (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2066 && point <= 0x2069);
}
