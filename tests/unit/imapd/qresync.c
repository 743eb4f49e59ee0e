/* bin/imapd: the parameters of SELECT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/imapd/selected/condstore.h"

/* All of the text is taken. */
static bool
take(struct session *s, unsigned enabled, const char *text,
    struct select_parameters *x_r)
{
	*s = (struct session){ .enabled = enabled };
	offer_init(&s->offer);
	s->parser.arena = &s->arena;
	s->parser.rest = span_text(text);
	return select_parameters_take(s, x_r) && s->parser.rest.len == 0;
}

static void
all_parameters_are_taken(void **state)
{
	struct select_parameters x;
	struct session s;

	(void)state;
	assert_true(take(&s, 0, "", &x));
	assert_false(x.condstore || x.qresync);
	assert_true(take(&s, 0, " (condstore)", &x));
	assert_true(x.condstore && !x.qresync);
	assert_true(take(&s, ENABLED_QRESYNC,
	    " (CONDSTORE QRESYNC (67890007 9223372036854775807 41,43:211 "
	    "(1,3:4 41,50:60)))",
	    &x));
	assert_true(x.condstore && x.qresync && x.has_known);
	assert_int_equal(x.uidvalidity, 67890007);
	assert_true(x.modseq == INT64_MAX);
	assert_int_equal(x.known.count, 2);
	assert_int_equal(x.numbers.count, 2);
	assert_int_equal(x.uids.at[1].high, 60);
	arena_free(&s.arena);
	assert_true(take(&s, ENABLED_QRESYNC, " (QRESYNC (1 2))", &x));
	assert_false(x.has_known);
	assert_true(take(&s, ENABLED_QRESYNC, " (QRESYNC (1 2 (1 3)))", &x));
	assert_false(x.has_known);
	assert_int_equal(x.numbers.count, 1);
	arena_free(&s.arena);
}

static void
anything_else_is_refused(void **state)
{
	static const char *const wrong[] = { " ()", " (X)", " (CONDSTORE",
		" (QRESYNC)", " (QRESYNC ())", " (QRESYNC (1))",
		" (QRESYNC (1 x))", " (QRESYNC (1 2 ))",
		" (QRESYNC (1 9223372036854775808))", " (QRESYNC (1 2 1:*))",
		" (QRESYNC (1 2 1 ()))", " (QRESYNC (1 2 1 (1)))",
		" (QRESYNC (1 2 1 (1 *)))", " (QRESYNC (1 2 1 (1 2))",
		" (QRESYNC (1 2) QRESYNC (1 2))" };
	struct select_parameters x;
	struct session s;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(take(&s, ENABLED_QRESYNC, wrong[i], &x));
		arena_free(&s.arena);
	}
	/* RFC 7162 3.2.3 */
	assert_false(take(&s, ENABLED_CONDSTORE, " (QRESYNC (1 2))", &x));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_parameters_are_taken),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
