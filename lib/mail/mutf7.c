#include "mail/mutf7.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* A run of base64: bits that do not fill a digit yet. */
struct run {
	bool open;
	uint32_t bits;
	unsigned count;
};

/* Take one character off well-formed UTF-8. */
static uint32_t
take_character(struct span *rest)
{
	const unsigned char *p = (const unsigned char *)rest->at;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	*rest = span_from(*rest, n);
	return c;
}

static void
put_unit(struct str *out, struct run *r, uint32_t unit)
{
	if (!r->open)
		str_add_byte(out, '&');
	r->open = true;
	r->bits = (r->bits << 16 | unit) & 0x3fffff;
	for (r->count += 16; r->count >= 6; r->count -= 6)
		str_add_byte(out, alphabet[r->bits >> (r->count - 6) & 63]);
}

static void
end_run(struct str *out, struct run *r)
{
	if (r->count > 0)
		str_add_byte(out, alphabet[r->bits << (6 - r->count) & 63]);
	if (r->open)
		str_add_byte(out, '-');
	*r = (struct run){ 0 };
}

bool
mutf7_encode(struct str *out, struct span text, const char *also)
{
	struct run r = { 0 };

	if (!span_is_utf8(text))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (byte_is_control(text.at[i]))
			return false;
	while (text.len > 0) {
		uint32_t c = take_character(&text);

		if (c >= 0x10000) {
			put_unit(out, &r, 0xd800 + ((c - 0x10000) >> 10));
			put_unit(out, &r, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else if (c >= 0x80 || strchr(also, (int)c) != NULL) {
			put_unit(out, &r, c);
		} else {
			end_run(out, &r);
			str_add_byte(out, (char)c);
			if (c == '&')
				str_add_byte(out, '-');
		}
	}
	end_run(out, &r);
	return true;
}

static void
put_character(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_add_byte(out, (char)c);
		return;
	}
	if (c < 0x800) {
		str_add_byte(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		str_add_byte(out, (char)(0xe0 | c >> 12));
		str_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		str_add_byte(out, (char)(0xf0 | c >> 18));
		str_add_byte(out, (char)(0x80 | (c >> 12 & 0x3f)));
		str_add_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	str_add_byte(out, (char)(0x80 | (c & 0x3f)));
}

/* The UTF-16 of one run, between '&' and '-'. Only bad digits and surrogates
 * are detected here; encoding again reveals other faults. */
static bool
take_run(struct str *out, struct span run)
{
	uint32_t bits = 0, high = 0;
	unsigned count = 0;

	for (size_t i = 0; i < run.len; i++) {
		const char *digit = memchr(alphabet, run.at[i], 64);
		uint32_t unit;

		if (digit == NULL)
			return false;
		bits = (bits << 6 | (uint32_t)(digit - alphabet)) & 0x3fffff;
		count += 6;
		if (count < 16)
			continue;
		count -= 16;
		unit = bits >> count & 0xffff;
		if (high != 0) {
			if (unit < 0xdc00 || unit > 0xdfff)
				return false;
			put_character(out,
			    0x10000 + ((high - 0xd800) << 10) + unit - 0xdc00);
			high = 0;
		} else if (unit >= 0xd800 && unit <= 0xdbff) {
			high = unit;
		} else {
			put_character(out, unit);
		}
	}
	return high == 0;
}

static bool
decode(struct str *out, struct span coded)
{
	struct span run;
	char c;

	while (span_take_byte(&coded, &c)) {
		if (c != '&') {
			str_add_byte(out, c);
			continue;
		}
		if (!span_until(&coded, '-', &run))
			return false;
		coded = span_from(coded, 1);
		if (run.len == 0)
			str_add_byte(out, '&');
		else if (!take_run(out, run))
			return false;
	}
	return true;
}

bool
mutf7_decode(struct str *out, struct span coded, const char *also)
{
	size_t start = out->len;
	struct str again = STR_INIT;
	bool ok = decode(out, coded) &&
	    mutf7_encode(&again, span_from(str_span(out), start), also) &&
	    span_equal(str_span(&again), coded);

	str_free(&again);
	if (!ok)
		str_cut(out, start);
	return ok;
}

bool
mutf7_decode_loose(struct str *out, struct span coded)
{
	size_t start = out->len;
	struct str again = STR_INIT;
	bool ok = decode(out, coded) &&
	    mutf7_encode(&again, span_from(str_span(out), start), "");

	str_free(&again);
	if (!ok)
		str_cut(out, start);
	return ok;
}
