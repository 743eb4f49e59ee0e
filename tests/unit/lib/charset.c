/* lib/mail/charset: against what iconv(3) says of every character */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <iconv.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/utf8.h"

/* Its UTF-8 by iconv; 0: it means nothing there, or more than one character. */
static size_t
theirs(iconv_t c, const char *bytes, size_t len, char utf8_r[16])
{
	char *in = (char *)(uintptr_t)bytes, *out = utf8_r;
	size_t room = 16;
	struct span text;
	uint32_t point;

	iconv(c, NULL, NULL, NULL, NULL);
	if (iconv(c, &in, &len, &out, &room) == (size_t)-1 || len > 0 ||
	    iconv(c, NULL, NULL, &out, &room) == (size_t)-1)
		return 0;
	text = (struct span){ utf8_r, 16 - room };
	return utf8_take(&text, &point) && text.len == 0 && point <= 0xffff
	    ? 16 - room
	    : 0;
}

static unsigned
agree(const char *name, const char *to_iconv, const char *bytes, size_t len)
{
	iconv_t c = iconv_open("UTF-8", to_iconv);
	struct str ours = STR_INIT;
	char utf8[16];
	size_t n;

	assert_true(c != (iconv_t)-1);
	n = theirs(c, bytes, len, utf8);
	iconv_close(c);
	if (n == 0)
		return 0;
	assert_true(charset_decode(
	    &ours, span_text(name), (struct span){ bytes, len }));
	if (ours.len != n || memcmp(ours.at, utf8, n) != 0)
		fail_msg("%s %02x%02x%02x: %s, not %.*s", name,
		    (unsigned char)bytes[0], (unsigned char)bytes[1],
		    (unsigned char)bytes[2], ours.at, (int)n, utf8);
	str_free(&ours);
	return 1;
}

static void
single_bytes_are_as_iconv_has_them(void **state)
{
	static const char *const names[][2] = { { "ISO-8859-2", "ISO-8859-2" },
		{ "iso-8859-15", "ISO-8859-15" }, { "latin5", "ISO-8859-9" },
		{ "windows-1250", "CP1250" }, { "Windows-1251", "CP1251" },
		{ "cswindows1253", "CP1253" }, { "koi8-r", "KOI8-R" },
		{ "KOI8-U", "KOI8-U" }, { "ibm866", "CP866" },
		{ "cp850", "CP850" }, { "x-mac-cyrillic", "MAC-CYRILLIC" },
		{ "macintosh", "MACINTOSH" } };
	char bytes[4] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		unsigned count = 0;

		for (int b = 1; b < 256; b++) {
			bytes[0] = (char)b;
			count += agree(names[i][0], names[i][1], bytes, 1);
		}
		assert_true(count > 190);
	}
}

/* All pairs of bytes that a step of 3 meets. */
static void
pairs_agree(const char *name, const char *to_iconv, unsigned least)
{
	char bytes[4] = "";
	unsigned count = 0;

	for (int a = 0x81; a < 256; a++)
		for (int b = 0x40 + a % 3; b < 256; b += 3) {
			bytes[0] = (char)a;
			bytes[1] = (char)b;
			count += agree(name, to_iconv, bytes, 2);
		}
	assert_true(count > least);
}

static void
double_bytes_are_as_iconv_has_them(void **state)
{
	(void)state;
	pairs_agree("gb18030", "GB18030", 7000);
	pairs_agree("gb2312", "GB2312", 2000);
	pairs_agree("big5", "CP950", 4000);
	pairs_agree("ks_c_5601-1987", "CP949", 5000);
	pairs_agree("shift_jis", "CP932", 2800);
}

static void
three_and_four_bytes_are_as_iconv_has_them(void **state)
{
	char bytes[5] = "";
	unsigned count = 0;

	(void)state;
	for (int a = 0xa1; a < 0xf5; a++)
		for (int b = 0xa1; b < 0xff; b++) {
			memcpy(bytes, (char[]){ '\x8f', (char)a, (char)b }, 3);
			count += agree("euc-jp", "EUC-JP", bytes, 3);
			memcpy(bytes, (char[]){ (char)a, (char)b, 0 }, 3);
			count += agree("EUC-JP", "EUC-JP-MS", bytes, 2);
		}
	assert_true(count > 12000);
	for (int a = 0x8130; a < 0x8432; a++)
		for (int b = 0x8130; b < 0xff00; b += 0x10a) {
			memcpy(bytes,
			    (char[]){ (char)(a >> 8), (char)a, (char)(b >> 8),
				(char)b },
			    4);
			count += agree("gb18030", "GB18030", bytes, 4);
		}
	assert_true(count > 13000);
}

static void
reads_as(const char *name, struct span in, const char *expected)
{
	struct str out = STR_INIT;

	assert_true(charset_decode(&out, span_text(name), in));
	assert_string_equal(out.at, expected);
	str_free(&out);
}

static void
sequences_switch_character_sets(void **state)
{
	(void)state;
	reads_as("iso-2022-jp", SPAN("a\033$B$\"$$\033(Bb\n"),
	    "a\xe3\x81\x82\xe3\x81\x84"
	    "b\n");
	reads_as("csISO2022JP", SPAN("\033(I1\033(J~"), "\xef\xbd\xb1~");
	reads_as("iso-2022-kr", SPAN("\033$)C\0160!\017x"), "\xea\xb0\x80x");
	reads_as("hz-gb-2312", SPAN("~{<:~}~~a"), "\xe5\xb7\xb1~a");
	/* A set that nobody ended ends with its line. */
	reads_as("iso-2022-jp", SPAN("\033$B$\"\nab"), "\xe3\x81\x82\nab");
}

static void
other_unicode_is_read(void **state)
{
	(void)state;
	reads_as("utf-7", SPAN("Hi +AOk- +2D3eAA- +-"),
	    "Hi \xc3\xa9 \xf0\x9f\x98\x80 +");
	reads_as("utf-16", SPAN("\xff\xfe\x41\0\x3d\xd8\0\xde"),
	    "A\xf0\x9f\x98\x80");
	reads_as("UTF-16BE", SPAN("\0\x41\xd8\x3d\0\x42"),
	    "A\xef\xbf\xbd"
	    "B");
	reads_as("utf-32le", SPAN("\x41\0\0\0\0\0\x11\0"), "A\xef\xbf\xbd");
}

static void
what_means_nothing_is_replaced(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	reads_as("gb18030", SPAN("a\xff\x81"), "a\xef\xbf\xbd\xef\xbf\xbd");
	reads_as("euc-jp", SPAN("\x8f\xa1"), "\xef\xbf\xbd\xef\xbf\xbd");
	reads_as("shift_jis", SPAN("\x82"), "\xef\xbf\xbd");
	assert_false(charset_decode(&out, SPAN("no-such-set"), SPAN("x")));
	assert_false(charset_decode(&out, SPAN(""), SPAN("x")));
	assert_false(charset_decode(&out,
	    SPAN("a-name-that-is-longer-than-any-that-is-known"), SPAN("x")));
	assert_int_equal(out.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_bytes_are_as_iconv_has_them),
		cmocka_unit_test(double_bytes_are_as_iconv_has_them),
		cmocka_unit_test(three_and_four_bytes_are_as_iconv_has_them),
		cmocka_unit_test(sequences_switch_character_sets),
		cmocka_unit_test(other_unicode_is_read),
		cmocka_unit_test(what_means_nothing_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
