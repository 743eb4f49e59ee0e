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

/* Write one code point folded; how many bytes. */
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
	enum { RUN = 32, LONGEST = UINT8_MAX };
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

uint32_t
fold_sum(void)
{
	uint32_t sum = crc32c(0, fold_texts, sizeof fold_texts);

	sum = crc32c(sum, fold_pages, sizeof fold_pages);
	return crc32c(sum, fold_page_of, sizeof fold_page_of);
}
