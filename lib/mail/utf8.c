#include "mail/utf8.h"

void
utf8_add(struct str *out, uint32_t p)
{
	if (p < 0x80) {
		str_add_byte(out, (char)p);
		return;
	}
	if (p < 0x800) {
		str_add_byte(out, (char)(0xc0 | p >> 6));
	} else {
		if (p < 0x10000) {
			str_add_byte(out, (char)(0xe0 | p >> 12));
		} else {
			str_add_byte(out, (char)(0xf0 | p >> 18));
			str_add_byte(out, (char)(0x80 | (p >> 12 & 0x3f)));
		}
		str_add_byte(out, (char)(0x80 | (p >> 6 & 0x3f)));
	}
	str_add_byte(out, (char)(0x80 | (p & 0x3f)));
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
	n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (!span_is_utf8(span_head(*rest, n)) || rest->len < n) {
		*rest = span_from(*rest, 1);
		*point_r = REPLACEMENT;
		return true;
	}
	p = n == 1 ? first : first & (0x7fU >> n);
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
