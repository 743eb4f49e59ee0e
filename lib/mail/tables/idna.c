/* Write idna_tables.h: what UTS 46 maps each code point to, as libidn2 of the
 * machine that builds knows it. What is not mapped is left out, be it allowed in
 * a domain or not. */
#include <idn2.h>
#include <stdio.h>
#include <string.h>

/* Without the ideographs and syllables, which are never mapped. */
static const struct {
	unsigned first, last;
} blocks[] = {
	{ 0x80, 0x33ff },
	{ 0xa000, 0xabff },
	{ 0xf900, 0xffff },
	{ 0x10000, 0x1ffff },
	{ 0x2f800, 0x2fa1f },
};
/* A letter before it, of either direction (RFC 5893), which nothing joins. */
static const char *const before[] = { "q", "\xd7\x90", "\xd8\xad" };

static void
utf8(unsigned c, char *to)
{
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	*to = '\0';
}

/* What c becomes behind a letter; false where it can't stand there. */
static int
map(const char *c, char *to, size_t size)
{
	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		size_t n = strlen(before[i]);
		char text[16], *ascii = NULL, *back = NULL;
		int ok;

		snprintf(text, sizeof text, "%s%s", before[i], c);
		ok = idn2_to_ascii_8z(text, &ascii,
			 IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
		    idn2_to_unicode_8z8z(ascii, &back, 0) == IDN2_OK &&
		    strncmp(back, before[i], n) == 0;
		if (ok)
			snprintf(to, size, "%s", back + n);
		idn2_free(ascii);
		idn2_free(back);
		if (ok)
			return 1;
	}
	return 0;
}

int
main(void)
{
	static char texts[1 << 16];
	char from[8], to[128];
	size_t used = 0;

	printf("static const struct {\n\tuint32_t from;\n\tuint16_t at;\n"
	       "\tuint8_t len;\n} idna_maps[] = {\n");
	for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
		for (unsigned c = blocks[b].first; c <= blocks[b].last; c++) {
			size_t n;

			if (c >= 0xd800 && c <= 0xdfff)
				continue;
			utf8(c, from);
			if (!map(from, to, sizeof to) || strcmp(from, to) == 0)
				continue;
			n = strlen(to);
			if (used + n > sizeof texts)
				return 1;
			memcpy(texts + used, to, n);
			printf("\t{ 0x%x, %zu, %zu },\n", c, used, n);
			used += n;
		}
	printf("};\nstatic const unsigned char idna_texts[] = {");
	for (size_t i = 0; i < used; i++)
		printf("%s%u,", i % 16 == 0 ? "\n\t" : " ",
		    (unsigned char)texts[i]);
	printf("\n};\n");
	return ferror(stdout) != 0;
}
