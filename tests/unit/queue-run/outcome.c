/* bin/queue-run: what a reply means */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/queue-run/outcome.h"
#include "base/die.h"

enum { NOW = 1764000000, HOUR = 3600, LIFE = 5 * 86400, NEXT = NOW + 99 };

static const struct {
	const char *from, *service, *notify;
	struct result before;
	int64_t age;
	unsigned tries;
	/* Then: */
	int verdict;
	int64_t next;
	bool reported, warn;
} cases[] = {
	/* Done: only who asked for it is told (RFC 3461 4.1). */
	{ "a@b", "smtp", "", { .verdict = 0 }, 0, 1, 0, 0, true, 0 },
	{ "a@b", "smtp", "SUCCESS", { .verdict = 0 }, 0, 1, 0, 0, false, 0 },
	{ "a@b", "smtp", "failure,success", { .verdict = 0 }, 0, 1, 0, 0, false,
	    0 },
	{ "a@b", "smtp", "FAILURE,DELAY", { .verdict = 0 }, 0, 1, 0, 0, true,
	    0 },
	{ "a@b", "smtp", "NEVER", { .verdict = 0 }, 0, 1, 0, 0, true, 0 },
	{ "", "smtp", "SUCCESS", { .verdict = 0 }, 0, 1, 0, 0, true, 0 },
	/* The next host tells of it by itself (5.2.1). */
	{ "a@b", "smtp", "SUCCESS", { .verdict = 0, .reported = true }, 0, 1, 0,
	    0, true, 0 },
	/* Expanded is told like delivered. */
	{ "a@b", "smtp", "SUCCESS", { .verdict = 0, .action = ACTION_EXPANDED },
	    0, 1, 0, 0, false, 0 },
	/* Failed: whoever did not forbid it is told. */
	{ "a@b", "smtp", "", { .verdict = 67 }, 0, 1, 67, 0, false, 0 },
	{ "a@b", "smtp", "FAILURE", { .verdict = 67 }, 0, 1, 67, 0, false, 0 },
	{ "a@b", "smtp", "SUCCESS,DELAY", { .verdict = 67 }, 0, 1, 67, 0, true,
	    0 },
	{ "a@b", "smtp", "NEVER", { .verdict = 67 }, 0, 1, 67, 0, true, 0 },
	/* RFC 5321 4.5.5; but a report of ours goes to postmaster,
		 * and what becomes of that to nobody. */
	{ "", "smtp", "", { .verdict = 67 }, 0, 1, 67, 0, true, 0 },
	{ "", "bounce", "", { .verdict = 67 }, 0, 1, 67, 0, false, 0 },
	{ "", "double-bounce", "", { .verdict = 67 }, 0, 1, 67, 0, true, 0 },
	/* Later: at the time that is given, however it failed. */
	{ "a@b", "smtp", "", { .verdict = 75 }, 0, 1, 75, NEXT, false, false },
	{ "a@b", "smtp", "", { .verdict = 75 }, 4 * HOUR, 9, 75, NEXT, false,
	    false },
	{ "a@b", "smtp", "", { .verdict = 75 }, 4 * HOUR + 1, 9, 75, NEXT,
	    false, true },
	{ "a@b", "smtp", "DELAY", { .verdict = 75 }, 5 * HOUR, 9, 75, NEXT,
	    false, true },
	{ "a@b", "smtp", "FAILURE", { .verdict = 75 }, 5 * HOUR, 9, 75, NEXT,
	    false, false },
	{ "a@b", "smtp", "NEVER", { .verdict = 75 }, 5 * HOUR, 9, 75, NEXT,
	    false, false },
	{ "", "smtp", "", { .verdict = 75 }, 5 * HOUR, 9, 75, NEXT, false,
	    false },
	/* Once. */
	{ "a@b", "smtp", "", { .verdict = 75, .warn = true, .warned = true },
	    5 * HOUR, 9, 75, NEXT, false, true },
	/* Given up: old, and tried often enough. */
	{ "a@b", "smtp", "", { .verdict = 75 }, LIFE, 9, 75, NEXT, false,
	    true },
	{ "a@b", "smtp", "", { .verdict = 75 }, LIFE + 1, 4, 75, NEXT, false,
	    true },
	{ "a@b", "smtp", "", { .verdict = 75 }, LIFE + 1, 5, 69, 0, false,
	    false },
	{ "a@b", "smtp", "NEVER", { .verdict = 75 }, LIFE + 1, 5, 69, 0, true,
	    false },
	/* Born in the future, by a clock that was set. */
	{ "a@b", "smtp", "", { .verdict = 75 }, -LIFE, 9, 75, NEXT, false,
	    false },
};

static void
what_becomes_of_a_recipient(void **state)
{

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct envelope e;
		struct result r = cases[i].before;
		struct circumstances c = { .envelope = &e,
			.birth = NOW - cases[i].age,
			.now = NOW,
			.next = NEXT,
			.queue_life = LIFE,
			.delay_warning = 4 * HOUR };

		envelope_init(&e);
		e.from = span_text(cases[i].from);
		e.service = span_text(cases[i].service);
		envelope_to(&e, &(struct recipient){ .address = SPAN("x@y") });
		envelope_to(&e,
		    &(struct recipient){ .address = SPAN("c@d"),
			.notify = span_text(cases[i].notify) });
		r.at = NOW;
		r.status = r.verdict == 0 ? SPAN("2.0.0") : SPAN("4.2.0");
		r.text = SPAN("450 no");
		r.reply = true;
		outcome_judge(&c, &e.text, 1, cases[i].tries, &r);
		if (r.verdict != cases[i].verdict || r.next != cases[i].next ||
		    r.reported != cases[i].reported || r.warn != cases[i].warn)
			fail_msg("case %zu: verdict %d next %lld "
				 "reported %d warn %d",
			    i, r.verdict, (long long)r.next, r.reported,
			    r.warn);
		if (r.verdict == 69) {
			/* RFC 3463: time expired; what was said last. */
			assert_true(span_equal(r.status, SPAN("4.4.7")));
			assert_true(span_ends_case(r.text, SPAN("450 no")));
			assert_false(r.reply);
		}
		envelope_free(&e);
	}
}

static void
without_a_delay_warning_nobody_is_warned(void **state)
{
	struct circumstances c = { .birth = NOW - LIFE, .now = NOW };

	(void)state;
	assert_false(outcome_is_late(&c));
	c.delay_warning = 1;
	assert_true(outcome_is_late(&c));
	c.birth = NOW + 1;
	assert_false(outcome_is_late(&c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_becomes_of_a_recipient),
		cmocka_unit_test(without_a_delay_warning_nobody_is_warned),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
