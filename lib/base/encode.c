#include "base/encode.h"

#include <string.h>

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

void
base64_encode(struct str *out, struct span in)
{
	for (size_t i = 0; i < in.len; i += 3) {
		size_t n = in.len - i < 3 ? in.len - i : 3;
		uint32_t bits = 0;
		char quad[4];

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 |
			    (k < n ? (unsigned char)in.at[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			quad[k] = k > n ? '='
					: base64[bits >> (18 - 6 * k) & 63];
		str_add(out, (struct span){ quad, 4 });
	}
}

static int
base64_digit(char c)
{
	const char *p = c == '\0' ? NULL : strchr(base64, c);

	return p == NULL ? -1 : (int)(p - base64);
}

bool
base64_decode(struct str *out, struct span in)
{
	size_t pad = 0, start = out->len;

	if (in.len % 4 != 0)
		return false;
	str_reserve(out, in.len / 4 * 3); /* it may be secret: no copies */
	while (pad < 2 && pad < in.len && in.at[in.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < in.len; i += 4) {
		size_t n = i + 4 == in.len ? 4 - pad : 4;
		uint32_t bits = 0;

		for (size_t k = 0; k < 4; k++) {
			int d = k < n ? base64_digit(in.at[i + k]) : 0;

			if (d < 0)
				goto bad;
			bits = bits << 6 | (uint32_t)d;
		}
		if ((n == 3 && (bits & 0xff) != 0) ||
		    (n == 2 && (bits & 0xffff) != 0))
			goto bad; /* bits that no encoder sets */
		for (size_t k = 0; k + 1 < n; k++)
			str_add_byte(out, (char)(bits >> (16 - 8 * k) & 255));
	}
	return true;
bad:
	str_cut(out, start);
	return false;
}

void
hex_encode(struct str *out, struct span in)
{
	for (size_t i = 0; i < in.len; i++) {
		str_add_byte(out, hex_lower[(unsigned char)in.at[i] >> 4]);
		str_add_byte(out, hex_lower[(unsigned char)in.at[i] & 15]);
	}
}

static int
hex_digit(char c)
{
	const char *p = c == '\0' ? NULL : strchr(hex_lower, byte_lower(c));

	return p == NULL ? -1 : (int)(p - hex_lower);
}

bool
hex_decode(struct str *out, struct span in)
{
	size_t start = out->len;

	if (in.len % 2 != 0)
		return false;
	for (size_t i = 0; i < in.len; i += 2) {
		int high = hex_digit(in.at[i]), low = hex_digit(in.at[i + 1]);

		if (high < 0 || low < 0) {
			str_cut(out, start);
			return false;
		}
		str_add_byte(out, (char)(high << 4 | low));
	}
	return true;
}

void
percent_encode(struct str *out, struct span in, const char *keep)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (byte_is_alpha(c) || byte_is_digit(c) ||
		    (c != '\0' && strchr(keep, c) != NULL)) {
			str_add_byte(out, c);
			continue;
		}
		str_add_byte(out, '%');
		str_add_byte(out, hex_upper[(unsigned char)c >> 4]);
		str_add_byte(out, hex_upper[(unsigned char)c & 15]);
	}
}

bool
percent_decode(struct str *out, struct span in)
{
	size_t start = out->len;

	str_reserve(out, in.len);
	for (size_t i = 0; i < in.len; i++) {
		int high, low;

		if (in.at[i] > ' ' && in.at[i] < 127 && in.at[i] != '%') {
			str_add_byte(out, in.at[i]);
			continue;
		}
		high = i + 2 < in.len ? hex_digit(in.at[i + 1]) : -1;
		low = i + 2 < in.len ? hex_digit(in.at[i + 2]) : -1;
		if (in.at[i] != '%' || high < 0 || low < 0) {
			str_cut(out, start);
			return false;
		}
		str_add_byte(out, (char)(high << 4 | low));
		i += 2;
	}
	return true;
}
