#include "mail/decode.h"

#include "mail/cfws.h"
#include "mail/mime.h"

struct span
encoding_word(struct span value)
{
	struct span word;

	cfws_skip(&value);
	span_take(&value, '"');
	return mime_take_token(&value, &word) ? word : SPAN("");
}

enum encoding
encoding_of(struct span word)
{
	if (span_equal_case(word, SPAN("base64")))
		return ENCODING_BASE64;
	if (span_equal_case(word, SPAN("quoted-printable")))
		return ENCODING_QUOTED;
	return ENCODING_NONE;
}

/* Of each byte its value plus one; 0: it is outside the alphabet. */
static const unsigned char base64_values[256] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64, 53, 54, 55, 56, 57, 58, 59,
	60, 61, 62, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0,
	0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
	44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0 };

/* Decode four digits to three bytes; false, and nothing done: one is none. */
static bool
take_quantum(const char *at, char *to)
{
	uint32_t bits = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t v = base64_values[(unsigned char)at[i]];

		if (v == 0)
			return false;
		bits = bits << 6 | (v - 1);
	}
	to[0] = (char)(bits >> 16 & 0xff);
	to[1] = (char)(bits >> 8 & 0xff);
	to[2] = (char)(bits & 0xff);
	return true;
}

/* RFC 2045 6.8: bytes outside the alphabet are ignored; padding ends one
 * quantum, and another encoded text may follow it. */
void
decode_base64(struct str *out, struct span in)
{
	uint32_t bits = 0;
	unsigned have = 0;
	char *to = str_reserve(out, in.len / 4 * 3 + 3);
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		uint32_t v;

		/* The last one is left for what follows the loop. */
		while (have == 0 && in.len - i > 4 &&
		    take_quantum(in.at + i, to + n)) {
			i += 4;
			n += 3;
		}
		v = base64_values[(unsigned char)in.at[i]];
		if (in.at[i] == '=')
			have = 0;
		if (v == 0)
			continue;
		bits = bits << 6 | (v - 1);
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[n++] = (char)(bits >> have & 0xff);
		}
	}
	out->len += n;
	out->at[out->len] = '\0';
}

static int
hex_value(char c)
{
	if (byte_is_digit(c))
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
take_hex(struct span *rest, char *c_r)
{
	int high, low;

	if (rest->len < 3 || rest->at[0] != '=')
		return false;
	high = hex_value(rest->at[1]);
	low = hex_value(rest->at[2]);
	if (high < 0 || low < 0)
		return false;
	*c_r = (char)(high << 4 | low);
	*rest = span_from(*rest, 3);
	return true;
}

/* RFC 2045 6.7 (5): '=' at the end of a line joins it with the next. */
static bool
take_soft_break(struct span *rest)
{
	struct span s = *rest;

	if (!span_take(&s, '='))
		return false;
	while (s.len > 0 && byte_is_blank(s.at[0]))
		s = span_from(s, 1);
	span_take(&s, '\r');
	if (s.len > 0 && !span_take(&s, '\n'))
		return false;
	*rest = s;
	return true;
}

void
decode_quoted(struct str *out, struct span in)
{
	while (in.len > 0) {
		size_t plain = span_find(in, '=');
		char c;

		str_add(out, span_head(in, plain));
		in = span_from(in, plain);
		if (in.len == 0)
			return;
		if (take_soft_break(&in))
			continue;
		if (take_hex(&in, &c) || span_take_byte(&in, &c))
			str_add_byte(out, c);
	}
}

void
decode_q(struct str *out, struct span in)
{
	char c;

	while (in.len > 0)
		if (take_hex(&in, &c))
			str_add_byte(out, c);
		else if (span_take_byte(&in, &c))
			str_add_byte(out, c == '_' ? ' ' : c);
}

void
decode_body(struct str *out, enum encoding e, struct span in)
{
	switch (e) {
	case ENCODING_NONE:
		str_add(out, in);
		break;
	case ENCODING_BASE64:
		decode_base64(out, in);
		break;
	case ENCODING_QUOTED:
		decode_quoted(out, in);
		break;
	}
}
