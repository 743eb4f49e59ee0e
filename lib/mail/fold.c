#include "mail/fold.h"

#include "mail/fold_tables.h"
#include "mail/utf8.h"

static void
point_add(struct str *out, uint32_t p)
{
	unsigned at = p <= FOLD_LAST
	    ? fold_pages[fold_page_of[p / FOLD_PAGE]][p % FOLD_PAGE]
	    : 0;

	if (at == 0)
		utf8_add(out, p);
	else
		str_add(out,
		    (struct span){
			(const char *)fold_texts + at + 1, fold_texts[at] });
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
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

void
fold_add(struct str *out, struct span text)
{
	uint32_t point;

	while (text.len > 0) {
		if ((unsigned char)text.at[0] < 0x80)
			ascii_add(out, &text);
		else if (utf8_take(&text, &point))
			point_add(out, point);
	}
}
