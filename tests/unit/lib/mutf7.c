/* lib/mail/mutf7 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/mutf7.h"

static void
each_text_has_one_form(void **state)
{
	static const char *const pairs[][2] = {
		{ "INBOX", "INBOX" },
		{ "a&b", "a&-b" },
		{ "&", "&-" },
		{ "é", "&AOk-" },
		{ "é&é", "&AOk-&-&AOk-" },
		/* the example of RFC 3501 5.1.3 */
		{ "~peter/mail/台北/日本語",
		    "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
		{ "😀", "&2D3eAA-" },
	};
	struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		str_clear(&out);
		assert_true(mutf7_encode(&out, span_text(pairs[i][0]), ""));
		assert_string_equal(out.at, pairs[i][1]);
		str_clear(&out);
		assert_true(mutf7_decode(&out, span_text(pairs[i][1]), ""));
		assert_string_equal(out.at, pairs[i][0]);
	}
	str_free(&out);
}

static void
every_other_form_is_refused(void **state)
{
	static const char *const bad[] = { "&", "&&-", "&AGE-", "&2AA-", "&AOk",
		"&AO-", "&AOl-", "&AOkA-", "&AOk-&AOk-", "&3AA-", "&2D0-",
		"&ACY-", "é", "a\x01", "&AA0-", "&AOk=-", "&AO/p-",
		"&2D3YPQ-" };
	struct str out = STR_INIT;

	(void)state;
	str_set(&out, SPAN("kept"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(mutf7_decode(&out, span_text(bad[i]), ""));
		assert_string_equal(out.at, "kept");
	}
	assert_false(mutf7_encode(&out, SPAN("\xff"), ""));
	assert_false(mutf7_encode(&out, SPAN("a\nb"), ""));
	assert_false(mutf7_encode(&out, SPAN("a\0b"), ""));
	assert_string_equal(out.at, "kept");
	str_free(&out);
}

static void
a_long_run_is_one_run(void **state)
{
	struct str text = STR_INIT, coded = STR_INIT, back = STR_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		str_add_text(&text, "é");
	assert_true(mutf7_encode(&coded, str_span(&text), ""));
	assert_true(mutf7_decode(&back, str_span(&coded), ""));
	assert_string_equal(text.at, back.at);
	str_free(&text);
	str_free(&coded);
	str_free(&back);
}

static void
the_separator_is_coded_in_a_directory(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	assert_true(mutf7_encode(&out, SPAN("J. P."), "."));
	assert_string_equal(out.at, "J&AC4- P&AC4-");
	str_clear(&out);
	assert_true(mutf7_decode(&out, SPAN("J&AC4- P&AC4-"), "."));
	assert_string_equal(out.at, "J. P.");
	assert_false(mutf7_decode(&out, SPAN("J."), "."));
	assert_false(mutf7_decode(&out, SPAN("J&AC4-"), ""));
	str_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_text_has_one_form),
		cmocka_unit_test(every_other_form_is_refused),
		cmocka_unit_test(a_long_run_is_one_run),
		cmocka_unit_test(the_separator_is_coded_in_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
