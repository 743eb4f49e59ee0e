/* Unicode encodings other than UTF-8: see charset_inside.h. */
#include "mail/charset_inside.h"
#include "mail/utf8.h"

static uint32_t
unit_take(struct span *rest, size_t size, bool little)
{
	uint32_t unit = 0;

	for (size_t i = 0; i < size; i++)
		unit = unit << 8 |
		    (unsigned char)rest->at[little ? size - 1 - i : i];
	*rest = span_from(*rest, size);
	return unit;
}

/* Append a unit of UTF-16; high is the first of a pair, or 0. */
static void
unit_add(struct str *out, uint32_t unit, uint32_t *high)
{
	bool low = unit >= 0xdc00 && unit < 0xe000;

	if (*high != 0 && low)
		utf8_add(
		    out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
	else if (*high != 0)
		utf8_add(out, REPLACEMENT);
	if (unit >= 0xd800 && unit < 0xdc00) {
		*high = unit;
		return;
	}
	if (*high == 0 || !low)
		utf8_add(out, low ? REPLACEMENT : unit);
	*high = 0;
}

static void
read_utf16(struct str *out, struct span in, bool little)
{
	uint32_t high = 0;

	while (in.len >= 2)
		unit_add(out, unit_take(&in, 2, little), &high);
	if (in.len > 0 || high != 0)
		utf8_add(out, REPLACEMENT);
}

static void
read_utf32(struct str *out, struct span in, bool little)
{
	while (in.len >= 4) {
		uint32_t p = unit_take(&in, 4, little);

		utf8_add(out,
		    p > 0x10ffff || (p >= 0xd800 && p < 0xe000) ? REPLACEMENT
								: p);
	}
	if (in.len > 0)
		utf8_add(out, REPLACEMENT);
}

/* RFC 2781 4.3: without a mark it is big-endian. */
void
charset_utf16(struct str *out, struct span in)
{
	bool little = span_take_text(&in, SPAN("\xff\xfe"));

	if (!little)
		span_take_text(&in, SPAN("\xfe\xff"));
	read_utf16(out, in, little);
}

void
charset_utf32(struct str *out, struct span in)
{
	bool little = span_take_text(&in, SPAN("\xff\xfe\0\0"));

	if (!little)
		span_take_text(&in, SPAN("\0\0\xfe\xff"));
	read_utf32(out, in, little);
}

void
charset_utf16le(struct str *out, struct span in)
{
	read_utf16(out, in, true);
}

void
charset_utf16be(struct str *out, struct span in)
{
	read_utf16(out, in, false);
}

void
charset_utf32le(struct str *out, struct span in)
{
	read_utf32(out, in, true);
}

void
charset_utf32be(struct str *out, struct span in)
{
	read_utf32(out, in, false);
}

static int
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (byte_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 2152: a run of base64 digits, after the plus. */
static void
run_read(struct str *out, struct span *rest)
{
	uint32_t bits = 0, high = 0;
	unsigned count = 0;
	int value;

	while (rest->len > 0 && (value = digit_value(rest->at[0])) >= 0) {
		*rest = span_from(*rest, 1);
		bits = bits << 6 | (unsigned)value;
		count += 6;
		if (count < 16)
			continue;
		count -= 16;
		unit_add(out, bits >> count & 0xffff, &high);
		bits &= (1U << count) - 1;
	}
	if (high != 0)
		utf8_add(out, REPLACEMENT);
	span_take_text(rest, SPAN("-"));
}

void
charset_utf7(struct str *out, struct span in)
{
	while (in.len > 0) {
		if (span_take_text(&in, SPAN("+-")))
			str_add_byte(out, '+');
		else if (span_take_text(&in, SPAN("+")))
			run_read(out, &in);
		else {
			unsigned char c = (unsigned char)in.at[0];

			utf8_add(out, c < 0x80 ? c : REPLACEMENT);
			in = span_from(in, 1);
		}
	}
}
