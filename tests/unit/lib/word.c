/* lib/mail/word, charset, decode and fold */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/fold.h"
#include "mail/word.h"

static void
reads_as(const char *in, const char *expected)
{
	struct str out = STR_INIT;

	word_decode(&out, span_text(in));
	assert_string_equal(out.at, expected);
	str_free(&out);
}

static void
encoded_words_become_text(void **state)
{
	(void)state;
	reads_as("=?utf-8?q?caf=C3=A9?=", "caf\xc3\xa9");
	reads_as("=?iso-8859-1?Q?caf=E9_x=5F?= y", "caf\xc3\xa9 x_ y");
	reads_as("=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=", "\xc3\xa9\xc3\xa9");
	reads_as("=?utf-8?q?a?=\n =?utf-8?q?b?= c", "ab c");
	/* One character in two words. */
	reads_as("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\xc3\xa9");
	reads_as("=?utf-8*de?q?x?=", "x");
	reads_as("=?koi8-r?B?xsHKzA==?=", "\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb");
}

static void
what_is_no_word_stays(void **state)
{
	(void)state;
	reads_as("=?utf-8?x?a?=", "=?utf-8?x?a?=");
	reads_as("=?utf-8?q?a", "=?utf-8?q?a");
	reads_as("a =? b ?= c", "a =? b ?= c");
	reads_as("caf\xe9", "caf\xc3\xa9");
	reads_as("a\r\n b", "a b");
	reads_as("=?no-such-set?q?=C3=A9?=", "\xc3\xa9");
}

static void
quoted_printable_is_lenient(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	decode_quoted(&out, SPAN("a=3Db=\nc= \r\nd=zz=4"));
	assert_string_equal(out.at, "a=bcd=zz=4");
	str_free(&out);
}

static void
base64_is_lenient(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	decode_base64(&out, SPAN("YW\nJj*ZA==YWI=YQ"));
	assert_string_equal(out.at, "abcdaba");
	str_free(&out);
}

static void
case_is_folded_beyond_ascii(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	fold_add(&out, SPAN("abc[_ \xd0\xb6\xcf\x89 \xff"));
	assert_string_equal(out.at, "ABC[_ \xd0\x96\xce\xa9 \xef\xbf\xbd");
	str_free(&out);
}

/* RFC 5051 2: title case and decomposition, as often as they go. */
static void
letters_are_taken_apart(void **state)
{
	static const char *const same[][2] = {
		{ "\xc3\xa9", "E\xcc\x81" },             /* e with acute */
		{ "e\xcc\x81", "E\xcc\x81" },            /* two code points */
		{ "\xef\xac\x80", "FF" },                /* ligature */
		{ "\xef\xbd\x81", "A" },                 /* full width */
		{ "\xcf\x82", "\xce\xa3" },              /* final sigma */
		{ "\xc7\x86", "DZ\xcc\x8c" },            /* dz with caron */
		{ "\xe1\xba\xa5", "A\xcc\x82\xcc\x81" }, /* in two steps */
		{ "\xea\xb0\x80", "\xea\xb0\x80" },      /* Hangul stays */
		{ "\xc3\x9f", "\xc3\x9f" },              /* sharp s stays */
		{ "\xf0\x90\x90\xa8", "\xf0\x90\x90\x80" }, /* Deseret */
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" }, /* a face */
		{ "\xf3\xa0\x80\x81", "\xf3\xa0\x80\x81" }, /* beyond */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++) {
		struct str out = STR_INIT;

		fold_add(&out, span_text(same[i][0]));
		assert_string_equal(out.at, same[i][1]);
		str_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded_words_become_text),
		cmocka_unit_test(what_is_no_word_stays),
		cmocka_unit_test(quoted_printable_is_lenient),
		cmocka_unit_test(base64_is_lenient),
		cmocka_unit_test(case_is_folded_beyond_ascii),
		cmocka_unit_test(letters_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
