/* bin/queue-run: destinations */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../../bin/queue-run/dest.h"
#include "base/str.h"

enum { NOW = 1764000000 };

static const struct result why = { .status = SPAN("4.7.5"),
	.text = SPAN("refused"),
	.host = SPAN("mx.example"),
	.reply = true };

static struct dest *
dest_n(struct dests *all, int n)
{
	char key[32];

	snprintf(key, sizeof key, "d%d.example", n);
	return dest_get(all, span_text(key));
}

static void
a_forgotten_one_leaves_the_others_findable(void **state)
{
	struct dests all;
	struct dest *d[500];

	(void)state;
	dests_init(&all, 10);
	for (int i = 0; i < 500; i++)
		d[i] = dest_n(&all, i);
	for (int i = 0; i < 500; i += 3)
		dest_drop(&all, d[i]);
	for (int i = 0; i < 500; i++) {
		char key[32];

		snprintf(key, sizeof key, "d%d.example", i);
		assert_ptr_equal(
		    dest_find(&all, span_text(key)), i % 3 == 0 ? NULL : d[i]);
	}
	dests_free(&all);
}

static void
a_window_grows_with_success_up_to_its_end(void **state)
{
	struct dests all;
	struct dest *d;

	(void)state;
	dests_init(&all, 10);
	d = dest_n(&all, 1);
	assert_int_equal(d->window, 1);
	dest_answered(&all, d);
	assert_int_equal(d->window, 3);
	for (int i = 0; i < 200; i++)
		dest_answered(&all, d);
	assert_int_equal(d->window, 10);
	dests_free(&all);
}

static void
busy_halves_it_once_for_all_that_were_out(void **state)
{
	struct dests all;
	struct dest *d;

	(void)state;
	dests_init(&all, 8);
	d = dest_n(&all, 1);
	for (int i = 0; i < 200; i++)
		dest_answered(&all, d);
	assert_true(dest_shrink(d, 95, 100));
	assert_true(dest_shrink(d, 96, 100));
	assert_true(dest_shrink(d, 100, 101));
	assert_int_equal(d->window, 4);
	assert_true(dest_shrink(d, 101, 110));
	assert_true(dest_shrink(d, 111, 120));
	assert_int_equal(d->window, 1);
	assert_false(dest_shrink(d, 121, 130));
	dests_free(&all);
}

static void
rests_grow_from_a_minute_to_an_hour(void **state)
{
	struct dests all;
	struct dest *d;
	int64_t now = NOW, pause = 0;
	struct result said = { 0 };

	(void)state;
	dests_init(&all, 10);
	d = dest_n(&all, 1);
	for (int i = 0; i < 20; i++) {
		dest_fail(&all, d, now, 0, &why);
		assert_true(d->rest - now >= pause);
		pause = d->rest - now;
		/* While it rests further failures change nothing. */
		dest_fail(&all, d, now + 1, 0, &why);
		assert_int_equal(d->rest - now, pause);
		if (i == 0)
			assert_int_equal(pause, DEST_REST_FIRST_S);
		assert_true(dest_rests(d, now));
		now = d->rest;
		assert_false(dest_rests(d, now));
	}
	assert_int_equal(pause, DEST_REST_MAX_S);
	assert_int_equal(d->failures, 20);
	dest_why(d, &said);
	assert_true(span_equal(said.text, why.text));
	assert_true(span_equal(said.host, why.host));
	assert_true(span_equal(said.status, why.status));
	assert_true(said.reply);
	/* One worker tries it, with one message. */
	assert_int_equal(d->window, 1);
	assert_int_equal(dest_depth(d), 1);
	dest_answered(&all, d);
	assert_int_equal(d->failures, 0);
	assert_null(d->text);
	assert_int_equal(d->window, 3);
	dests_free(&all);
}

static void
a_clock_set_back_ends_a_rest(void **state)
{
	struct dests all;
	struct dest *d;

	(void)state;
	dests_init(&all, 10);
	d = dest_n(&all, 1);
	dest_fail(&all, d, NOW, 0, &why);
	assert_true(dest_rests(d, NOW));
	assert_false(dest_rests(d, NOW - 86400));
	dests_free(&all);
}

static void
one_that_failed_is_remembered_until_its_rest_is_over(void **state)
{
	struct dests all;
	struct dest *d;

	(void)state;
	dests_init(&all, 10);
	d = dest_n(&all, 1);
	dest_fail(&all, d, NOW, 0, &why);
	dest_drop(&all, d);
	dests_clean(&all, NOW);
	assert_ptr_equal(dest_find(&all, SPAN("d1.example")), d);
	dests_clean(&all, NOW + DEST_REST_FIRST_S);
	assert_null(dest_find(&all, SPAN("d1.example")));
	dests_free(&all);
}

static void
workers_are_counted_in_the_class_of_their_destination(void **state)
{
	struct dests all;
	struct dest *d;

	(void)state;
	dests_init(&all, 10);
	d = dest_n(&all, 1);
	dest_busy(&all, d, true);
	dest_busy(&all, d, true);
	assert_int_equal(all.busy[DEST_UNKNOWN], 2);
	dest_answered(&all, d);
	assert_int_equal(all.busy[DEST_UNKNOWN], 0);
	assert_int_equal(all.busy[DEST_PROVEN], 2);
	dest_fail(&all, d, NOW, 0, &why);
	assert_int_equal(all.busy[DEST_FAILING], 2);
	dest_wake(&all, d);
	assert_int_equal(all.busy[DEST_UNKNOWN], 2);
	dest_busy(&all, d, false);
	dest_busy(&all, d, false);
	assert_int_equal(all.busy[DEST_UNKNOWN], 0);
	dests_free(&all);
}

static void
ready_ones_have_their_turns_in_order(void **state)
{
	struct dests all;
	struct entry e = { 0 };
	struct dest *a, *b;

	(void)state;
	dests_init(&all, 10);
	a = dest_n(&all, 1);
	b = dest_n(&all, 2);
	dest_list(&all, a); /* it has nothing to send */
	assert_null(dest_next(&all, DEST_UNKNOWN));
	a->parked.first = b->parked.first = &e;
	dest_list(&all, a);
	dest_list(&all, b);
	dest_list(&all, a);
	assert_ptr_equal(dest_next(&all, DEST_UNKNOWN), a);
	dest_list(&all, a);
	assert_ptr_equal(dest_next(&all, DEST_UNKNOWN), b);
	assert_ptr_equal(dest_next(&all, DEST_UNKNOWN), a);
	assert_null(dest_next(&all, DEST_UNKNOWN));
	dests_free(&all);
}

static void
nobody_has_more_in_hand_than_its_workers_need(void **state)
{
	struct dests all;
	struct dest *d;

	(void)state;
	dests_init(&all, 10);
	d = dest_n(&all, 1);
	for (int i = 0; i < 200; i++)
		dest_answered(&all, d);
	d->sent = 30;
	d->parts.count = 2;
	assert_true(dest_has_room(d));
	d->parts.count = 3;
	assert_false(dest_has_room(d));
	d->sent = d->parts.count = 0;
	dest_fail(&all, d, NOW, 0, &why);
	assert_true(dest_has_room(d));
	d->sent = 1;
	assert_false(dest_has_room(d));
	dests_free(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forgotten_one_leaves_the_others_findable),
		cmocka_unit_test(a_window_grows_with_success_up_to_its_end),
		cmocka_unit_test(busy_halves_it_once_for_all_that_were_out),
		cmocka_unit_test(rests_grow_from_a_minute_to_an_hour),
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
