/* Write fold_tables.h: what i;unicode-casemap (RFC 5051) compares each code point
 * as, by the data of Unicode that libunistring of the machine that builds has:
 * its title case, taken apart as far as it goes. What stays itself is left
 * out. */
#include <stdio.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

enum {
	LAST = 0x2ffff,
	PAGE = 64,
	DEPTH = 64, /* points of one; Unicode has at most 18 */
	TEXT = 4 * DEPTH,
};

static unsigned char texts[1 << 16];
static size_t longest = 4; /* of them, or of a code point that stays itself */
static unsigned used = 1;  /* 0: the code point itself */
static unsigned short pages[256][PAGE];
static unsigned page_count = 1; /* the first: all are themselves */
static unsigned char page_of[LAST / PAGE + 1];

/* Append the title case of c, taken apart; those that it is made of wait behind
 * it for the same. RFC 5051 knows no decomposition of syllables (Hangul), which
 * UnicodeData.txt does not name. */
static size_t
take_apart(ucs4_t c, unsigned char *to)
{
	ucs4_t wait[DEPTH] = { c }, parts[UC_DECOMPOSITION_MAX_LENGTH];
	size_t waiting = 1, n = 0;
	int tag;

	while (waiting > 0) {
		ucs4_t next = uc_totitle(wait[--waiting]);
		int count = next >= 0xac00 && next <= 0xd7a3
		    ? -1
		    : uc_decomposition(next, &tag, parts);

		if (count < 0) {
			n += (size_t)u8_uctomb(to + n, next, TEXT - (long)n);
			continue;
		}
		while (count > 0 && waiting < DEPTH)
			wait[waiting++] = parts[--count];
	}
	return n;
}

/* Where the text is, put there if it is new; the length stands before it. */
static unsigned
text_place(const unsigned char *text, size_t n)
{
	unsigned at = 1;

	for (; at < used; at += texts[at] + 1U)
		if (texts[at] == n && memcmp(texts + at + 1, text, n) == 0)
			return at;
	texts[at] = (unsigned char)n;
	memcpy(texts + at + 1, text, n);
	if (n > longest)
		longest = n;
	used = at + 1 + (unsigned)n;
	return at;
}

static void
page_make(unsigned first, unsigned short *page)
{
	unsigned char before[8], after[TEXT];

	for (unsigned i = 0; i < PAGE; i++) {
		unsigned c = first + i;
		int b;
		size_t n;

		page[i] = 0;
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		b = u8_uctomb(before, c, sizeof before);
		n = take_apart(c, after);
		if (n != (size_t)b || memcmp(before, after, n) != 0)
			page[i] = (unsigned short)text_place(after, n);
	}
}

static unsigned
page_place(const unsigned short *page)
{
	unsigned at = 0;

	while (
	    at < page_count && memcmp(pages[at], page, sizeof pages[at]) != 0)
		at++;
	if (at == page_count)
		memcpy(pages[page_count++], page, sizeof pages[at]);
	return at;
}

int
main(void)
{
	unsigned short page[PAGE];

	for (unsigned p = 0; p <= LAST / PAGE; p++) {
		page_make(p * PAGE, page);
		page_of[p] = (unsigned char)page_place(page);
		if (page_count == 256 || used > sizeof texts - PAGE * TEXT)
			return 1;
	}
	printf("enum { FOLD_LAST = %d, FOLD_PAGE = %d, FOLD_LONGEST = %zu };\n",
	    LAST, PAGE, longest);
	printf("static const uint8_t fold_page_of[] = {");
	for (unsigned p = 0; p <= LAST / PAGE; p++)
		printf("%s%u,", p % 16 == 0 ? "\n\t" : " ", page_of[p]);
	printf("\n};\nstatic const uint16_t fold_pages[][FOLD_PAGE] = {");
	for (unsigned p = 0; p < page_count; p++) {
		printf("\n\t{");
		for (unsigned i = 0; i < PAGE; i++)
			printf(
			    "%s%u,", i % 16 == 0 ? "\n\t" : " ", pages[p][i]);
		printf("\n\t},");
	}
	printf("\n};\nstatic const unsigned char fold_texts[] = {");
	for (unsigned i = 0; i < used; i++)
		printf("%s%u,", i % 16 == 0 ? "\n\t" : " ", texts[i]);
	printf("\n};\n");
	return ferror(stdout) != 0;
}
