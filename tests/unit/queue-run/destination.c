/* bin/queue-run: destinations */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../../bin/queue-run/destination.h"
#include "base/str.h"

enum { NOW = 1764000000 };

static const struct result why = { .status = SPAN_INIT("4.7.5"),
	.text = SPAN_INIT("refused"),
	.host = SPAN_INIT("mx.example"),
	.reply = true };

static struct destination *
destination_n(struct destinations *all, int n)
{
	char key[32];

	snprintf(key, sizeof key, "d%d.example", n);
	return destination_get(all, span_text(key));
}

static void
a_forgotten_one_leaves_the_others_findable(void **state)
{
	struct destinations all;
	struct destination *d[500];

	(void)state;
	destinations_init(&all, 10);
	for (int i = 0; i < 500; i++)
		d[i] = destination_n(&all, i);
	for (int i = 0; i < 500; i += 3)
		destination_drop(&all, d[i]);
	for (int i = 0; i < 500; i++) {
		char key[32];

		snprintf(key, sizeof key, "d%d.example", i);
		assert_ptr_equal(destination_find(&all, span_text(key)),
		    i % 3 == 0 ? NULL : d[i]);
	}
	destinations_free(&all);
}

static void
a_window_grows_with_success_up_to_its_end(void **state)
{
	struct destinations all;
	struct destination *d;

	(void)state;
	destinations_init(&all, 10);
	d = destination_n(&all, 1);
	assert_int_equal(d->window, 1);
	destination_answered(&all, d);
	assert_int_equal(d->window, 3);
	for (int i = 0; i < 200; i++)
		destination_answered(&all, d);
	assert_int_equal(d->window, 10);
	destinations_free(&all);
}

static void
busy_halves_it_once_for_all_that_were_out(void **state)
{
	struct destinations all;
	struct destination *d;

	(void)state;
	destinations_init(&all, 8);
	d = destination_n(&all, 1);
	for (int i = 0; i < 200; i++)
		destination_answered(&all, d);
	assert_true(destination_shrink(d, 95, 100));
	assert_true(destination_shrink(d, 96, 100));
	assert_true(destination_shrink(d, 100, 101));
	assert_int_equal(d->window, 4);
	assert_true(destination_shrink(d, 101, 110));
	assert_true(destination_shrink(d, 111, 120));
	assert_int_equal(d->window, 1);
	assert_false(destination_shrink(d, 121, 130));
	destinations_free(&all);
}

static void
back_offs_grow_from_a_minute_to_an_hour(void **state)
{
	struct destinations all;
	struct destination *d;
	int64_t now = NOW, pause = 0;
	struct result said = { 0 };

	(void)state;
	destinations_init(&all, 10);
	d = destination_n(&all, 1);
	for (int i = 0; i < 20; i++) {
		destination_fail(&all, d, now, 0, &why);
		assert_true(d->backoff - now >= pause);
		pause = d->backoff - now;
		/* While it backs off further failures change nothing. */
		destination_fail(&all, d, now + 1, 0, &why);
		assert_int_equal(d->backoff - now, pause);
		if (i == 0)
			assert_int_equal(pause, BACKOFF_FIRST_S);
		assert_true(destination_backs_off(d, now));
		now = d->backoff;
		assert_false(destination_backs_off(d, now));
	}
	assert_int_equal(pause, BACKOFF_MAX_S);
	assert_int_equal(d->failures, 20);
	destination_why(d, &said);
	assert_true(span_equal(said.text, why.text));
	assert_true(span_equal(said.host, why.host));
	assert_true(span_equal(said.status, why.status));
	assert_true(said.reply);
	/* One worker tries it, with one message. */
	assert_int_equal(d->window, 1);
	assert_int_equal(destination_depth(d), 1);
	destination_answered(&all, d);
	assert_int_equal(d->failures, 0);
	assert_null(d->text);
	assert_int_equal(d->window, 3);
	destinations_free(&all);
}

static void
a_clock_set_back_ends_a_rest(void **state)
{
	struct destinations all;
	struct destination *d;

	(void)state;
	destinations_init(&all, 10);
	d = destination_n(&all, 1);
	destination_fail(&all, d, NOW, 0, &why);
	assert_true(destination_backs_off(d, NOW));
	assert_false(destination_backs_off(d, NOW - 86400));
	destinations_free(&all);
}

static void
one_that_failed_is_remembered_until_its_rest_is_over(void **state)
{
	struct destinations all;
	struct destination *d;

	(void)state;
	destinations_init(&all, 10);
	d = destination_n(&all, 1);
	destination_fail(&all, d, NOW, 0, &why);
	destination_drop(&all, d);
	destinations_clean(&all, NOW);
	assert_ptr_equal(destination_find(&all, SPAN("d1.example")), d);
	destinations_clean(&all, NOW + BACKOFF_FIRST_S);
	assert_null(destination_find(&all, SPAN("d1.example")));
	destinations_free(&all);
}

static void
workers_are_counted_in_the_class_of_their_destination(void **state)
{
	struct destinations all;
	struct destination *d;

	(void)state;
	destinations_init(&all, 10);
	d = destination_n(&all, 1);
	destination_busy(&all, d, true);
	destination_busy(&all, d, true);
	assert_int_equal(all.busy[DESTINATION_UNKNOWN], 2);
	destination_answered(&all, d);
	assert_int_equal(all.busy[DESTINATION_UNKNOWN], 0);
	assert_int_equal(all.busy[DESTINATION_PROVEN], 2);
	destination_fail(&all, d, NOW, 0, &why);
	assert_int_equal(all.busy[DESTINATION_FAILING], 2);
	destination_wake(&all, d);
	assert_int_equal(all.busy[DESTINATION_UNKNOWN], 2);
	destination_busy(&all, d, false);
	destination_busy(&all, d, false);
	assert_int_equal(all.busy[DESTINATION_UNKNOWN], 0);
	destinations_free(&all);
}

static void
ready_ones_have_their_turns_in_order(void **state)
{
	struct destinations all;
	struct entry e = { 0 };
	struct destination *a, *b;

	(void)state;
	destinations_init(&all, 10);
	a = destination_n(&all, 1);
	b = destination_n(&all, 2);
	destination_list(&all, a); /* it has nothing to send */
	assert_null(destination_next(&all, DESTINATION_UNKNOWN));
	a->parked.first = b->parked.first = &e;
	destination_list(&all, a);
	destination_list(&all, b);
	destination_list(&all, a);
	assert_ptr_equal(destination_next(&all, DESTINATION_UNKNOWN), a);
	destination_list(&all, a);
	assert_ptr_equal(destination_next(&all, DESTINATION_UNKNOWN), b);
	assert_ptr_equal(destination_next(&all, DESTINATION_UNKNOWN), a);
	assert_null(destination_next(&all, DESTINATION_UNKNOWN));
	destinations_free(&all);
}

static void
nobody_has_more_in_hand_than_its_workers_need(void **state)
{
	struct destinations all;
	struct destination *d;

	(void)state;
	destinations_init(&all, 10);
	d = destination_n(&all, 1);
	for (int i = 0; i < 200; i++)
		destination_answered(&all, d);
	d->sent = 30;
	d->transactions.count = 2;
	assert_true(destination_has_room(d));
	d->transactions.count = 3;
	assert_false(destination_has_room(d));
	d->sent = d->transactions.count = 0;
	destination_fail(&all, d, NOW, 0, &why);
	assert_true(destination_has_room(d));
	d->sent = 1;
	assert_false(destination_has_room(d));
	destinations_free(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forgotten_one_leaves_the_others_findable),
		cmocka_unit_test(a_window_grows_with_success_up_to_its_end),
		cmocka_unit_test(busy_halves_it_once_for_all_that_were_out),
		cmocka_unit_test(back_offs_grow_from_a_minute_to_an_hour),
		cmocka_unit_test(a_clock_set_back_ends_a_rest),
		cmocka_unit_test(
		    one_that_failed_is_remembered_until_its_rest_is_over),
		cmocka_unit_test(
		    workers_are_counted_in_the_class_of_their_destination),
		cmocka_unit_test(ready_ones_have_their_turns_in_order),
		cmocka_unit_test(nobody_has_more_in_hand_than_its_workers_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
