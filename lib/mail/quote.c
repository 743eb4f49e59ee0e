#include "mail/quote.h"

#include "base/encode.h"
#include "mail/charset.h"

enum {
	LINE_MAX = 76,   /* RFC 2045 6.7 (5), with the "=" of a soft break */
	WORD_BYTES = 42, /* RFC 2047 2: 75 characters with =?utf-8?b?...?= */
};

/* RFC 2045 6.7 (3): no blank stands at the end of a line. */
static bool
is_plain(struct span text)
{
	unsigned char c = (unsigned char)text.at[0];
	bool last = text.len == 1 || text.at[1] == '\n';

	if (byte_is_blank(text.at[0]))
		return !last;
	return c > ' ' && c < 127 && c != '=';
}

void
quoted_encode(struct str *out, struct span text)
{
	size_t column = 0;

	for (; text.len > 0; text = span_from(text, 1)) {
		bool plain = is_plain(text);
		size_t width = plain ? 1 : 3;

		if (text.at[0] == '\n') {
			str_add_byte(out, '\n');
			column = 0;
			continue;
		}
		if (column + width >= LINE_MAX) {
			str_add_text(out, "=\n");
			column = 0;
		}
		if (plain)
			str_add_byte(out, text.at[0]);
		else
			str_addf(out, "=%02X", (unsigned char)text.at[0]);
		column += width;
	}
}

static void
word_flush(struct str *out, struct str *bytes, bool first)
{
	if (!first)
		str_add_byte(out, ' ');
	str_add_text(out, "=?utf-8?b?");
	base64_encode(out, str_span(bytes));
	str_add_text(out, "?=");
	str_clear(bytes);
}

void
word_encode(struct str *out, struct span text)
{
	struct str bytes = STR_INIT;
	bool ascii = span_is_ascii(text), first = true;
	uint32_t point;

	while (utf8_take(&text, &point)) {
		if (point < ' ' || point == 127)
			point = ' ';
		/* RFC 2047 5: a word holds whole characters. */
		if (!ascii && bytes.len + 4 > WORD_BYTES) {
			word_flush(out, &bytes, first);
			first = false;
		}
		utf8_add(&bytes, point);
	}
	if (ascii)
		str_add(out, str_span(&bytes));
	else
		word_flush(out, &bytes, first);
	str_free(&bytes);
}
