#include "mail/fold.h"

#include <string.h>

#include "base/crc32c.h"
#include "mail/fold_tables.h"
#include "mail/utf8.h"

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

enum {
	SHORT = 8,
	LONGEST = FOLD_LONGEST + SHORT, /* room for a code point, folded */
	RUN = 32, /* code points for which room is made at once */
};

/* Write one code point folded, for which there is room for LONGEST; how many
 * bytes. */
static size_t
point_put(char *to, uint32_t p)
{
	unsigned at;

	if (p < 0x80) {
		*to = upper((char)p);
		return 1;
	}
	at = p <= FOLD_LAST
	    ? fold_pages[fold_page_of[p / FOLD_PAGE]][p % FOLD_PAGE]
	    : 0;
	if (at == 0)
		return utf8_put(to, p);
	/* Nearly all have a few bytes: these are one move. */
	if (fold_texts[at] <= SHORT && at + 1 + SHORT <= sizeof fold_texts)
		memcpy(to, fold_texts + at + 1, SHORT);
	else
		memcpy(to, fold_texts + at + 1, fold_texts[at]);
	return fold_texts[at];
}

/* The compiler does a whole block at once. */
static void
upper_all(char *restrict to, const char *restrict at, size_t n)
{
	enum { BLOCK = 32 };

	for (; n >= BLOCK; n -= BLOCK, at += BLOCK, to += BLOCK)
		for (size_t i = 0; i < BLOCK; i++)
			to[i] = upper(at[i]);
	for (size_t i = 0; i < n; i++)
		to[i] = upper(at[i]);
}

/* Fold leading ASCII bytes. */
static void
ascii_add(struct str *out, struct span *rest)
{
	size_t n = span_ascii(*rest);

	upper_all(str_reserve(out, n), rest->at, n);
	out->len += n;
	out->at[out->len] = '\0';
	*rest = span_from(*rest, n);
}

/* Fold some code points, most of which are not ASCII. */
static void
points_add(struct str *out, struct span *rest)
{
	char *start = str_reserve(out, RUN * LONGEST), *to = start;
	uint32_t point;

	for (int i = 0; i < RUN && utf8_take(rest, &point); i++)
		to += point_put(to, point);
	out->len += (size_t)(to - start);
	out->at[out->len] = '\0';
}

void
fold_add(struct str *out, struct span text)
{
	while (text.len > 0)
		if ((unsigned char)text.at[0] < 0x80)
			ascii_add(out, &text);
		else
			points_add(out, &text);
}

/* What the bytes of a character set become. */
struct bytes {
	bool known; /* for ASCII alone it is not worth making */
	unsigned char len[256];
	char at[256][LONGEST];
};

static void
bytes_know(struct bytes *b, const uint16_t high[128])
{
	if (b->known)
		return;
	b->known = true;
	for (unsigned c = 0; c < 256; c++)
		b->len[c] = (unsigned char)point_put(
		    b->at[c], c < 0x80 ? c : high[c - 0x80]);
}

void
fold_bytes_add(struct str *out, struct span text, const uint16_t high[128])
{
	struct bytes b;

	b.known = false;
	while (text.len > 0) {
		const unsigned char *at;
		char *start, *to;
		size_t n = 0;

		if ((unsigned char)text.at[0] < 0x80) {
			ascii_add(out, &text);
			continue;
		}
		bytes_know(&b, high);
		at = (const unsigned char *)text.at;
		start = to = str_reserve(out, RUN * LONGEST);
		for (; n < RUN && n < text.len; n++) {
			unsigned char c = at[n];

			if (b.len[c] <= SHORT)
				memcpy(to, b.at[c], SHORT);
			else
				memcpy(to, b.at[c], b.len[c]);
			to += b.len[c];
		}
		out->len += (size_t)(to - start);
		out->at[out->len] = '\0';
		text = span_from(text, n);
	}
}

uint32_t
fold_sum(void)
{
	uint32_t sum = crc32c(0, fold_texts, sizeof fold_texts);

	sum = crc32c(sum, fold_pages, sizeof fold_pages);
	return crc32c(sum, fold_page_of, sizeof fold_page_of);
}
