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
	fold_add(&out, SPAN("ABC \xc3\x89\xc5\xbd \xd0\x96\xce\xa9 \xff"));
	assert_string_equal(
	    out.at, "abc \xc3\xa9\xc5\xbe \xd0\xb6\xcf\x89 \xef\xbf\xbd");
	str_free(&out);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
