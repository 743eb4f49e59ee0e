#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../../bin/login/imap_parse.h"

static void
literal_heads(void **state)
{
	static const struct {
		struct span line;
		bool is, waits;
		uint64_t size;
	} cases[] = {
		{ SPAN("a LOGIN {3}"), true, true, 3 },
		{ SPAN("a LOGIN {3+}"), true, false, 3 },
		{ SPAN("{0}"), true, true, 0 },
		{ SPAN("{4294967295+}"), true, false, 4294967295 },
		{ SPAN("{4294967296}"), false, true, 0 },
		{ SPAN("{}"), false, true, 0 },
		{ SPAN("{+}"), false, false, 0 },
		{ SPAN("{-1}"), false, true, 0 },
		{ SPAN("{3} "), false, true, 0 },
		{ SPAN("3}"), false, true, 0 },
		{ SPAN("{1{2}"), true, true, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t size = 0;
		bool waits = true;

		assert_int_equal(
		    imap_literal(cases[i].line, &size, &waits), cases[i].is);
		if (cases[i].is) {
			assert_int_equal(size, cases[i].size);
			assert_int_equal(waits, cases[i].waits);
		}
	}
}

static void
astrings(void **state)
{
	static const struct {
		struct span text;
		const char *value; /* NULL: refused */
		size_t left;
	} cases[] = {
		{ SPAN("bob x"), "bob", 2 },
		{ SPAN("b]ob"), "b]ob", 0 },
		{ SPAN("\"b\\\"o\\\\b\" x"), "b\"o\\b", 2 },
		{ SPAN("\"\""), "", 0 },
		{ SPAN("\""), NULL, 0 },
		{ SPAN("\"a"), NULL, 0 },
		{ SPAN("\"a\\"), NULL, 0 },
		{ SPAN("\"a\\\""), NULL, 0 },
		{ SPAN("\"a\\n\""), NULL, 0 },
		{ SPAN("\"a\r\nb\""), NULL, 0 },
		{ SPAN("{3}\r\na\"b x"), "a\"b", 2 },
		{ SPAN("{3+}\r\na b"), "a b", 0 },
		{ SPAN("{0}\r\n"), "", 0 },
		{ SPAN("{4}\r\nabc"), NULL, 0 },
		{ SPAN("{2}\r\na\0"), NULL, 0 },
		{ SPAN("{2}ab"), NULL, 0 },
		{ SPAN(""), NULL, 0 },
		{ SPAN(" a"), NULL, 0 },
		{ SPAN("(a)"), NULL, 0 },
	};
	struct str value = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span rest = cases[i].text;
		bool taken = imap_astring(&rest, &value);

		assert_int_equal(taken, cases[i].value != NULL);
		if (taken) {
			assert_string_equal(value.at, cases[i].value);
			assert_int_equal(rest.len, cases[i].left);
		}
	}
	str_free(&value);
}

static void
tags(void **state)
{
	struct span rest = SPAN("a1] NOOP"), tag;

	(void)state;
	assert_true(imap_tag(&rest, 10, &tag));
	assert_true(span_equal(tag, SPAN("a1]")));
	assert_true(span_equal(rest, SPAN("NOOP")));
	rest = SPAN("a+b NOOP");
	assert_false(imap_tag(&rest, 10, &tag));
	rest = SPAN("abc");
	assert_false(imap_tag(&rest, 10, &tag));
	rest = SPAN("abcdefghijk x");
	assert_false(imap_tag(&rest, 10, &tag));
	rest = SPAN(" x");
	assert_false(imap_tag(&rest, 10, &tag));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literal_heads),
		cmocka_unit_test(astrings),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
