/* bin/chainmail-queue: filters, and what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/chainmail-queue/filter.h"
#include "../../../bin/chainmail-queue/print.h"

#define ID "01KAXXQ5000000000000000000"

/* The message of 100 s to bob, with the error "450 Greylisted", is meant. */
static bool
meant(const char *const *words)
{
	struct filter f;
	bool r;

	filter_init(&f);
	for (; *words != NULL; words++)
		assert_null(filter_word(&f, span_text(*words)));
	r = filter_message(&f, SPAN(ID), SPAN("Ann@Example.net"), 100, false) &&
	    filter_recipient(
		&f, SPAN("\"b@x\"@exAmple.org"), SPAN("450 Greylisted"));
	filter_free(&f);
	return r;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
every_word_must_hold(void **state)
{
	(void)state;
	assert_true(meant(WORDS("from=ann@example.NET")));
	assert_true(meant(WORDS("from=@example.net", "domain=EXAMPLE.org",
	    "older=100s", "newer=2m", "error=greylist", "01kaxxq5")));
	assert_true(meant(WORDS("to=\"b@x\"@example.org")));
	assert_false(meant(WORDS("from=@example.net", "domain=x")));
	assert_false(meant(WORDS("from=@ample.net")));
	assert_false(meant(WORDS("from=<>")));
	assert_false(meant(WORDS("domain=ample.org")));
	assert_false(meant(WORDS("older=2m")));
	assert_false(meant(WORDS("newer=99s")));
	assert_false(meant(WORDS("error=full")));
	assert_false(meant(WORDS("held")));
}

static void
one_id_must_hold(void **state)
{
	(void)state;
	assert_true(meant(WORDS("01KAXXQ6", "01KAXXQ5")));
	assert_true(meant(WORDS(ID)));
	assert_false(meant(WORDS("01KAXXQ6", "01KAXXQ500000000000000000Z")));
	assert_true(meant(WORDS("01KAXXQ6", "01KAXXQ7", "01KAXXQ8", "01KAXXQ9",
	    "01KAXXQA", "01KAXXQB", "01KAXXQ5", "01KAXXQC", "01KAXXQD")));
}

static void
the_null_sender_has_a_word(void **state)
{
	struct filter f;

	(void)state;
	filter_init(&f);
	assert_null(filter_word(&f, SPAN("from=<>")));
	assert_true(filter_message(&f, SPAN(ID), SPAN(""), 1, false));
	assert_false(filter_message(&f, SPAN(ID), SPAN("a@b"), 1, false));
	filter_free(&f);
}

static void
both_forms_of_a_domain_are_one(void **state)
{
	struct filter f;

	(void)state;
	filter_init(&f);
	assert_null(filter_word(&f,
	    SPAN("domain=B\xc3\x9c"
		 "cher.example")));
	assert_true(
	    filter_recipient(&f, SPAN("a@xn--bcher-kva.example"), SPAN("")));
	assert_true(filter_recipient(&f,
	    SPAN("a@b\xc3\xbc"
		 "cher.example"),
	    SPAN("")));
	filter_free(&f);
}

static void
a_place_is_meant_by_either_address(void **state)
{
	const struct span bob = SPAN("bob@example.org"),
			  sales = SPAN("sales@example.com"), none = SPAN("");
	struct filter f;

	(void)state;
	filter_init(&f);
	assert_null(filter_word(&f, SPAN("to=sales@example.com")));
	assert_true(filter_place(&f, bob, sales, none));
	assert_false(filter_place(&f, bob, none, none));
	assert_false(filter_place(&f, bob, bob, none));
	/* Not a half of each. */
	assert_null(filter_word(&f, SPAN("domain=example.org")));
	assert_false(filter_place(&f, bob, sales, none));
	filter_free(&f);
}

static void
mistakes_are_told(void **state)
{
	static const char *const wrong[] = { "", "01KAXXQ", "01KAXXQU", "x=y",
		"from=", "from=ann", "to=", "domain=", "domain=a b",
		"older=", "older=2", "older=h", "older=2y", "older=-1h",
		"newer=99999999999d", "error=", "Held", ID "0" };
	struct filter f;

	(void)state;
	filter_init(&f);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_non_null(filter_word(&f, span_text(wrong[i])));
	filter_free(&f);
}

static void
printed(
    void (*print)(struct str *, struct span), const char *in, const char *out)
{
	struct str s = STR_INIT;

	print(&s, span_text(in));
	assert_string_equal(s.at, out);
	str_free(&s);
}

static void
foreign_bytes_are_escaped(void **state)
{
	(void)state;
	printed(print_clean, "a\x1b[2J\xff\xc3\xbc\xe2\x80\xae\n",
	    "a\\u{1b}[2J\\xff\xc3\xbc\\u{202e}\\u{a}");
	/* U+FFFD itself is one of UTF-8. */
	printed(print_clean, "\xef\xbf\xbd", "\xef\xbf\xbd");
}

static void
json_is_utf8(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	json_open(&s, NULL, '{');
	json_text(&s, "a", SPAN("\"\\\n\x1b\xff\xc3\xbc\xc2\x85"));
	json_open(&s, "b", '[');
	json_number(&s, NULL, -1);
	json_flag(&s, NULL, true);
	json_close(&s, ']');
	json_text(&s, "c", SPAN("{"));
	json_text(&s, "d", SPAN(""));
	json_close(&s, '}');
	assert_string_equal(s.at,
	    "{\"a\":\"\\\"\\\\\\u000a\\u001b\xef\xbf\xbd\xc3\xbc\\u0085\","
	    "\"b\":[-1,true],\"c\":\"{\",\"d\":\"\"}");
	str_free(&s);
}

static void
sizes_and_ages_are_short(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	print_size(&s, 1023);
	str_add_byte(&s, ' ');
	print_size(&s, 1536);
	str_add_byte(&s, ' ');
	print_size(&s, UINT64_MAX);
	str_add_byte(&s, ' ');
	print_age(&s, -5);
	str_add_byte(&s, ' ');
	print_age(&s, 119);
	str_add_byte(&s, ' ');
	print_age(&s, 7199);
	str_add_byte(&s, ' ');
	print_age(&s, 172800);
	assert_string_equal(s.at, "1023 1.5K 16E 0s 119s 119m 2d");
	str_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_must_hold),
		cmocka_unit_test(one_id_must_hold),
		cmocka_unit_test(the_null_sender_has_a_word),
		cmocka_unit_test(both_forms_of_a_domain_are_one),
		cmocka_unit_test(a_place_is_meant_by_either_address),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(foreign_bytes_are_escaped),
		cmocka_unit_test(json_is_utf8),
		cmocka_unit_test(sizes_and_ages_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
