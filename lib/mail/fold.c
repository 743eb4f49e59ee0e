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

/* Fold leading ASCII bytes, many at once. */
static void
ascii_add(struct str *out, struct span *rest)
{
	char *to = str_reserve(out, rest->len);
	size_t n = 0;

	for (; n < rest->len && (unsigned char)rest->at[n] < 0x80; n++) {
		char c = rest->at[n];

		to[n] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
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
