#include "mail/charset.h"

#include <string.h>

#include "mail/charset_inside.h"
#include "mail/utf8.h"

static void
utf8_decode(struct str *out, struct span in)
{
	uint32_t point;

	if (span_is_utf8(in)) {
		str_add(out, in);
		return;
	}
	while (utf8_add_ascii(out, &in), utf8_take(&in, &point))
		utf8_add(out, point);
}

/* The block 0x80 to 0x9f of windows-1252. Mail labelled ISO-8859-1 uses it too;
 * C1 controls are never intended. */
static const uint16_t cp1252[32] = { 0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd,
	0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e,
	0x0178 };

enum { RUN = 64 };

static void
latin1_decode(struct str *out, struct span in)
{
	while (utf8_add_ascii(out, &in), in.len > 0) {
		/* As a run of them: text that is not Latin, or no text. */
		size_t run = 0;
		char *to = str_reserve(out, RUN * UTF8_MAX);

		for (; run < RUN && run < in.len; run++) {
			unsigned char c = (unsigned char)in.at[run];

			to += utf8_put(
			    to, c >= 0x80 && c < 0xa0 ? cp1252[c - 0x80] : c);
		}
		out->len = (size_t)(to - out->at);
		*to = '\0';
		in = span_from(in, run);
	}
}

/* By their plain names, those of MIME first. */
static const struct {
	const char *name;
	void (*read)(struct str *out, struct span in);
} readers[] = {
	{ "utf8", utf8_decode },
	{ "usascii", utf8_decode },
	{ "ascii", utf8_decode },
	{ "ansix341968", utf8_decode },
	{ "iso88591", latin1_decode },
	{ "latin1", latin1_decode },
	{ "cp1252", latin1_decode },
	{ "iso2022jp", charset_iso2022_jp },
	{ "iso2022jp1", charset_iso2022_jp },
	{ "iso2022jpms", charset_iso2022_jp },
	{ "cp50220", charset_iso2022_jp },
	{ "cp50221", charset_iso2022_jp },
	{ "shiftjis", charset_cp932 },
	{ "sjis", charset_cp932 },
	{ "mskanji", charset_cp932 },
	{ "windows31j", charset_cp932 },
	{ "cp932", charset_cp932 },
	{ "cp943", charset_cp932 },
	{ "eucjp", charset_euc_jp },
	{ "eucjpms", charset_euc_jp },
	{ "gb2312", charset_gb18030 },
	{ "gb231280", charset_gb18030 },
	{ "euccn", charset_gb18030 },
	{ "gbk", charset_gb18030 },
	{ "cp936", charset_gb18030 },
	{ "gb18030", charset_gb18030 },
	{ "hzgb2312", charset_hz },
	{ "hz", charset_hz },
	{ "big5", charset_big5 },
	{ "big5hkscs", charset_big5 },
	{ "cp950", charset_big5 },
	{ "euckr", charset_cp949 },
	{ "ksc5601", charset_cp949 },
	{ "ksc56011987", charset_cp949 },
	{ "ksc56011989", charset_cp949 },
	{ "uhc", charset_cp949 },
	{ "cp949", charset_cp949 },
	{ "iso2022kr", charset_iso2022_kr },
	{ "utf7", charset_utf7 },
	{ "unicode11utf7", charset_utf7 },
	{ "utf16", charset_utf16 },
	{ "utf16le", charset_utf16le },
	{ "utf16be", charset_utf16be },
	{ "iso10646ucs2", charset_utf16 },
	{ "ucs2", charset_utf16 },
	{ "utf32", charset_utf32 },
	{ "utf32le", charset_utf32le },
	{ "utf32be", charset_utf32be },
};

/* Other names of single-byte sets. */
static const struct {
	const char *name, *proper;
} aliases[] = {
	{ "latin2", "iso88592" },
	{ "latin3", "iso88593" },
	{ "latin4", "iso88594" },
	{ "cyrillic", "iso88595" },
	{ "arabic", "iso88596" },
	{ "greek", "iso88597" },
	{ "hebrew", "iso88598" },
	{ "iso88596i", "iso88596" },
	{ "iso88598i", "iso88598" },
	{ "iso88598e", "iso88598" },
	{ "latin5", "iso88599" },
	{ "latin6", "iso885910" },
	{ "tis620", "iso885911" },
	{ "latin7", "iso885913" },
	{ "latin8", "iso885914" },
	{ "latin9", "iso885915" },
	{ "latin10", "iso885916" },
	{ "koi8", "koi8r" },
	{ "koi8ru", "koi8u" },
	{ "mac", "macintosh" },
	{ "macroman", "macintosh" },
	{ "macce", "maccentraleurope" },
};

/* "windows-1251" and "ibm866" are code pages; prefixes "x-" and "cs" are
 * dropped. */
static void
name_settle(struct span name, char plain_r[CHARSET_NAME])
{
	static const char *const pages[] = { "windows", "ibm", "mswin" };
	struct span rest;
	char text[CHARSET_NAME];

	if (!span_take_case(&name, SPAN("x-")))
		span_take_case(&name, SPAN("cs"));
	charset_plain_name(name, plain_r);
	for (size_t i = 0; i < COUNT(pages); i++) {
		rest = span_text(plain_r);
		if (!span_take_text(&rest, span_text(pages[i])) ||
		    rest.len == 0 || !byte_is_digit(rest.at[0]) ||
		    strcmp(plain_r, "windows31j") == 0)
			continue;
		memcpy(text, rest.at, rest.len + 1);
		memcpy(plain_r, "cp", 2);
		memcpy(plain_r + 2, text, rest.len + 1);
	}
	for (size_t i = 0; i < COUNT(aliases); i++)
		if (strcmp(plain_r, aliases[i].name) == 0)
			strcpy(plain_r, aliases[i].proper);
}

bool
charset_decode(struct str *out, struct span charset, struct span in)
{
	char plain[CHARSET_NAME];
	const uint16_t *high;

	name_settle(charset, plain);
	for (size_t i = 0; i < COUNT(readers); i++)
		if (strcmp(plain, readers[i].name) == 0) {
			readers[i].read(out, in);
			return true;
		}
	high = charset_single(plain);
	if (high == NULL)
		return false;
	charset_read_single(out, in, high);
	return true;
}

bool
charset_high(struct span charset, uint16_t high_r[128])
{
	char plain[CHARSET_NAME];
	const uint16_t *high;

	name_settle(charset, plain);
	for (size_t i = 0; i < COUNT(readers); i++) {
		if (strcmp(plain, readers[i].name) != 0)
			continue;
		for (unsigned k = 0; k < 128; k++)
			high_r[k] = k < 32 ? cp1252[k] : (uint16_t)(k + 0x80);
		return readers[i].read == latin1_decode;
	}
	high = charset_single(plain);
	if (high == NULL)
		return false;
	for (unsigned k = 0; k < 128; k++)
		high_r[k] = high[k] == 0 ? REPLACEMENT : high[k];
	return true;
}

bool
charset_is_utf8(struct span charset)
{
	char plain[CHARSET_NAME];

	name_settle(charset, plain);
	for (size_t i = 0; i < COUNT(readers); i++)
		if (strcmp(plain, readers[i].name) == 0)
			return readers[i].read == utf8_decode;
	return false;
}

bool
charset_known(struct span charset)
{
	struct str none = STR_INIT;
	bool known = charset_decode(&none, charset, SPAN(""));

	str_free(&none);
	return known;
}
