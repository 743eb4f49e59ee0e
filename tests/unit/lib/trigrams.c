/* Sets of trigrams never lack what a text has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mail/trigrams.h"

static struct trigrams made;

static unsigned
chance(unsigned below)
{
	static uint64_t state = 0x2545f4914f6cdd1d;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(state >> 33) % below;
}

static void
random_text(struct str *s, unsigned letters, unsigned longest)
{
	unsigned n = chance(longest);

	str_clear(s);
	while (s->len < n)
		str_add_byte(s, (char)(' ' + chance(letters)));
}

static bool
may_have(struct span set, struct span text)
{
	struct trigrams_sought x;

	trigrams_seek(&x, text);
	return trigrams_may_have(set, &x);
}

static void
every_part_of_a_text_is_in_its_set(void **state)
{
	struct str text = STR_INIT, set = STR_INIT;

	(void)state;
	for (int round = 0; round < 300; round++) {
		trigrams_clear(&made);
		random_text(&text, 1 + chance(224), 3000);
		trigrams_add(&made, str_span(&text));
		str_clear(&set);
		trigrams_put(&made, &set);
		assert_int_equal(set.len, trigrams_size(&made) * TRIGRAMS_UNIT);
		for (int i = 0; i < 100; i++)
			assert_true(may_have(str_span(&set),
			    span_head(span_from(str_span(&text),
					  chance((unsigned)text.len + 1)),
				3 + chance(60))));
	}
	str_free(&text);
	str_free(&set);
}

static void
most_of_what_a_text_lacks_is_not_in_its_set(void **state)
{
	struct str text = STR_INIT, other = STR_INIT, set = STR_INIT;
	unsigned wrong = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		trigrams_clear(&made);
		random_text(&text, 60, 3000);
		trigrams_add(&made, str_span(&text));
		str_clear(&set);
		trigrams_put(&made, &set);
		for (int i = 0; i < 100; i++) {
			random_text(&other, 60, 3);
			str_add_text(&other, "xyzzy");
			wrong += may_have(str_span(&set), str_span(&other));
		}
	}
	/* Each of its three trigrams or more is there by chance in less than
	 * three sets of ten. */
	assert_true(wrong < 20000 / 20);
	str_free(&text);
	str_free(&other);
	str_free(&set);
}

static void
short_texts_are_not_told_from_others(void **state)
{
	struct trigrams_sought x;

	(void)state;
	trigrams_seek(&x, SPAN("ab"));
	assert_int_equal(x.count, 0);
	assert_true(trigrams_may_have(SPAN(""), &x));
	trigrams_seek(&x, SPAN("abc"));
	assert_int_equal(x.count, 1);
	assert_false(trigrams_may_have(SPAN(""), &x));
	trigrams_clear(&made);
	trigrams_add(&made, SPAN("ab"));
	trigrams_add(&made, SPAN(""));
	assert_int_equal(trigrams_size(&made), 0);
}

static void
a_text_of_too_many_may_have_anything(void **state)
{
	struct str text = STR_INIT, set = STR_INIT;

	(void)state;
	trigrams_clear(&made);
	while (text.len < 1 << 20)
		str_add_byte(&text, (char)chance(256));
	trigrams_add(&made, str_span(&text));
	trigrams_add(&made, SPAN("more"));
	assert_int_equal(trigrams_size(&made), TRIGRAMS_ANY);
	trigrams_put(&made, &set);
	assert_int_equal(set.len, 0);
	/* The next one is not affected. */
	trigrams_clear(&made);
	trigrams_add(&made, SPAN("abcd"));
	assert_int_equal(made.count, 2);
	assert_int_equal(trigrams_size(&made), 1);
	for (size_t i = 0; i < COUNT(made.seen); i++)
		assert_int_equal(made.seen[i] == 0 || made.codes[0] / 64 == i ||
			made.codes[1] / 64 == i,
		    1);
	str_free(&text);
	str_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_of_a_text_is_in_its_set),
		cmocka_unit_test(most_of_what_a_text_lacks_is_not_in_its_set),
		cmocka_unit_test(short_texts_are_not_told_from_others),
		cmocka_unit_test(a_text_of_too_many_may_have_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
