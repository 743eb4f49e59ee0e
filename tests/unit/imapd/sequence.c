/* bin/imapd/sequence and list_match */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/imapd/mailbox/list.h"
#include "../../../bin/imapd/sequence.h"
#include "base/str.h"

static void
resolves_to(const char *in, uint32_t star, const char *expected)
{
	struct span rest = span_text(in);
	struct arena a = ARENA_INIT;
	struct sequence set;
	struct str out = STR_INIT;

	assert_true(sequence_take(&rest, &a, &set));
	assert_int_equal(rest.len, 0);
	sequence_resolve(&set, star);
	for (size_t i = 0; i < set.count; i++)
		str_addf(&out, "%u:%u ", set.at[i].low, set.at[i].high);
	assert_string_equal(out.at, expected);
	str_free(&out);
	arena_free(&a);
}

static void
ranges_are_sorted_and_joined(void **state)
{
	(void)state;
	resolves_to("1", 9, "1:1 ");
	resolves_to("5:1", 9, "1:5 ");
	resolves_to("7,1:2,3,2", 9, "1:3 7:7 ");
	resolves_to("4294967295,1", 9, "1:1 4294967295:4294967295 ");
}

static void
star_is_the_largest(void **state)
{
	(void)state;
	resolves_to("*", 9, "9:9 ");
	resolves_to("12:*", 9, "9:12 ");
	resolves_to("*:3", 9, "3:9 ");
	resolves_to("*:*", 9, "9:9 ");
	resolves_to("1:*", 0, "");
	resolves_to("*,2", 0, "2:2 ");
}

static void
malformed_sets_are_refused(void **state)
{
	static const char *const cases[] = { "", "0", "1:", ":1", ",", "1,",
		"a", "4294967296", "-1", "1,0" };
	struct arena a = ARENA_INIT;
	struct sequence set;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span rest = span_text(cases[i]);

		assert_false(sequence_take(&rest, &a, &set));
	}
	arena_free(&a);
}

static void
membership(void **state)
{
	struct span rest = SPAN("2:4,8,10:12");
	struct arena a = ARENA_INIT;
	struct sequence set;

	(void)state;
	assert_true(sequence_take(&rest, &a, &set));
	sequence_resolve(&set, 20);
	assert_false(sequence_has(&set, 1));
	assert_true(sequence_has(&set, 2));
	assert_true(sequence_has(&set, 4));
	assert_false(sequence_has(&set, 5));
	assert_true(sequence_has(&set, 8));
	assert_true(sequence_has(&set, 12));
	assert_false(sequence_has(&set, 13));
	arena_free(&a);
}

static bool
matches(const char *name, const char *pattern)
{
	return list_match(span_text(name), span_text(pattern));
}

static void
wildcards(void **state)
{
	(void)state;
	assert_true(matches("a/b", "*"));
	assert_false(matches("a/b", "%"));
	assert_true(matches("a", "%"));
	assert_true(matches("a/b", "%/%"));
	assert_true(matches("a/b/c", "a/*c"));
	assert_false(matches("a/b/c", "a/%c"));
	assert_true(matches("abab", "%ab"));
	assert_true(matches("x/abab", "*%ab"));
	assert_true(matches("a/b/c", "*/%"));
	assert_true(matches("", "*"));
	assert_false(matches("a", ""));
	assert_true(matches("a", "a***"));
	assert_true(matches("a/b/cd", "*b/%d"));
}

static void
hostile_patterns_cost_little(void **state)
{
	struct str name = STR_INIT, pattern = STR_INIT;

	(void)state;
	for (int i = 0; i < 250; i++)
		str_add_byte(&name, 'a');
	for (int i = 0; i < 30000; i++)
		str_add_text(&pattern, i % 2 == 0 ? "*a" : "%a");
	str_add_byte(&pattern, 'b');
	for (int i = 0; i < 100; i++)
		assert_false(list_match(str_span(&name), str_span(&pattern)));
	str_free(&name);
	str_free(&pattern);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_sorted_and_joined),
		cmocka_unit_test(star_is_the_largest),
		cmocka_unit_test(malformed_sets_are_refused),
		cmocka_unit_test(membership),
		cmocka_unit_test(wildcards),
		cmocka_unit_test(hostile_patterns_cost_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
