#include "text.h"

#include <string.h>

#include "mail/utf8.h"

enum {
	WIDTH = 72,
	FIELD_WIDTH = 78, /* RFC 5322 2.1.1 */
	WORD_MAX = 200,   /* of a word; URLs stay whole */
	HEXPOINT_MIN = 2,
	HEXPOINT_MAX = 6,
};

void
text_clean(struct str *out, struct span text)
{
	uint32_t point;

	while (utf8_take(&text, &point))
		utf8_add(out, utf8_is_control(point) ? ' ' : point);
}

static void
point_embed(struct str *out, uint32_t point)
{
	str_addf(out, "\\x{%02X}", (unsigned)point);
}

void
text_ascii(struct str *out, struct span text)
{
	uint32_t point;

	while (utf8_take(&text, &point))
		if (utf8_is_control(point))
			str_add_byte(out, ' ');
		else if (point > 127)
			point_embed(out, point);
		else
			str_add_byte(out, (char)point);
}

void
text_unitext(struct str *out, struct span address)
{
	uint32_t point;

	while (utf8_take(&address, &point))
		if (point <= ' ' || point >= 127 ||
		    strchr("\\+=", (int)point) != NULL)
			point_embed(out, point);
		else
			str_add_byte(out, (char)point);
}

/* EmbeddedUnicodeChar: "\x{" HEXPOINT "}". */
static bool
embedded_take(struct span *rest, uint32_t *point_r)
{
	struct span s = *rest, hex;
	uint32_t point = 0;

	if (!span_take_text(&s, SPAN("\\x{")) || !span_until(&s, '}', &hex) ||
	    hex.len < HEXPOINT_MIN || hex.len > HEXPOINT_MAX)
		return false;
	for (size_t i = 0; i < hex.len; i++) {
		const char *digits = "0123456789abcdef";
		const char *d = strchr(digits, byte_lower(hex.at[i]));

		if (d == NULL || *d == '\0')
			return false;
		point = point * 16 + (uint32_t)(d - digits);
	}
	if (point == 0 || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return false;
	*point_r = point;
	*rest = span_from(s, 1);
	return true;
}

void
text_from_unitext(struct str *out, struct span text)
{
	uint32_t point;
	char c;

	while (text.len > 0)
		if (embedded_take(&text, &point))
			utf8_add(out, point);
		else if (span_take_byte(&text, &c))
			str_add_byte(out, c);
}

void
text_field(struct str *out, const char *name, struct span value)
{
	size_t column = strlen(name) + 2;

	str_addf(out, "%s: ", name);
	value = span_trim(value);
	while (value.len > 0) {
		/* A blank and the word behind it stay together. */
		size_t n = 1 + span_find(span_from(value, 1), ' ');
		bool fold = column + n > FIELD_WIDTH && value.at[0] == ' ';

		if (fold) {
			str_add_byte(out, '\n');
			column = 0;
		}
		str_add(out, span_head(value, n));
		column += n;
		value = span_from(value, n);
	}
	str_add_byte(out, '\n');
}

static size_t
characters(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return n;
}

/* The next word; a very long one in pieces of whole characters. */
static bool
word_take(struct span *rest, struct span *word_r)
{
	size_t n;

	while (span_take(rest, ' '))
		;
	n = span_find(*rest, ' ');
	if (n > WORD_MAX) {
		n = WORD_MAX;
		while (n > 1 && ((unsigned char)rest->at[n] & 0xc0) == 0x80)
			n--;
	}
	*word_r = span_head(*rest, n);
	*rest = span_from(*rest, n);
	return n > 0;
}

void
text_wrap(struct str *out, struct span text, const char *indent)
{
	struct str clean = STR_INIT;
	struct span rest, word;
	size_t column = 0;

	text_clean(&clean, text);
	rest = str_span(&clean);
	while (word_take(&rest, &word)) {
		size_t width = characters(word);

		if (column > 0 && column + 1 + width > WIDTH) {
			str_add_byte(out, '\n');
			column = 0;
		}
		str_add_text(out, column == 0 ? indent : " ");
		column += width + (column == 0 ? strlen(indent) : 1);
		str_add(out, word);
	}
	if (column > 0)
		str_add_byte(out, '\n');
	str_free(&clean);
}
