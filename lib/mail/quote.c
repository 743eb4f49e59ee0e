#include "mail/quote.h"

#include "base/encode.h"
#include "mail/utf8.h"

enum {
	LINE_MAX = 76,   /* RFC 2045 6.7 (5), with the "=" of a soft break */
	WORD_BYTES = 42, /* RFC 2047 2: 75 characters with =?utf-8?b?...?= */
};

static void
hex_add(struct str *out, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char text[] = { '=', digits[(unsigned char)c >> 4],
		digits[(unsigned char)c & 15] };

	str_add(out, (struct span){ text, sizeof text });
}

/* Insert a soft break if the next bytes do not fit on the line. */
static void
room_make(struct str *out, size_t *column, size_t len)
{
	if (*column + len > LINE_MAX - 1) {
		str_add_text(out, "=\n");
		*column = 0;
	}
	*column += len;
}

/* RFC 2045 6.7 (3): no blank at a line's end. A leading "From " or dot is
 * encoded for old programs (RFC 2049 3). */
static bool
is_plain(struct span line, size_t i, size_t column)
{
	char c = line.at[i];

	if (byte_is_blank(c))
		return i + 1 < line.len;
	if (column == 0 &&
	    (c == '.' || span_starts(span_from(line, i), SPAN("From "))))
		return false;
	return c > ' ' && c <= '~' && c != '=';
}

static void
line_encode(struct str *out, struct span line)
{
	size_t column = 0;

	for (size_t i = 0; i < line.len; i++) {
		/* A soft break starts a line too. */
		size_t at = column + 1 > LINE_MAX - 1 ? 0 : column;
		bool plain = is_plain(line, i, at);

		room_make(out, &column, plain ? 1 : 3);
		if (plain)
			str_add_byte(out, line.at[i]);
		else
			hex_add(out, line.at[i]);
	}
}

/* Take a line; false at the end. ends_r: whether it had a line end. */
static bool
line_take(struct span *rest, struct span *line_r, bool *ends_r)
{
	size_t n = span_find(*rest, '\n');

	if (rest->len == 0)
		return false;
	*line_r = span_head(*rest, n);
	*ends_r = n < rest->len;
	*rest = span_from(*rest, n + 1);
	if (*ends_r && n > 0 && line_r->at[n - 1] == '\r')
		line_r->len--;
	return true;
}

void
quoted_encode(struct str *out, struct span text)
{
	struct span line;
	bool ends;

	while (line_take(&text, &line, &ends)) {
		line_encode(out, line);
		if (ends)
			str_add_byte(out, '\n');
	}
}

void
quoted_repair(struct str *out, struct span text)
{
	struct span line;
	bool ends;

	while (line_take(&text, &line, &ends)) {
		for (size_t i = 0; i < line.len; i++) {
			char c = line.at[i];

			if ((unsigned char)c > 126 ||
			    (byte_is_control(c) && c != '\t'))
				hex_add(out, c);
			else
				str_add_byte(out, c);
		}
		if (ends)
			str_add_byte(out, '\n');
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
		/* RFC 2047 5: characters must not be split between words. */
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
