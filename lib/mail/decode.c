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

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
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
		int v = base64_value(in.at[i]);

		if (in.at[i] == '=')
			have = 0;
		if (v < 0)
			continue;
		bits = bits << 6 | (uint32_t)v;
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
