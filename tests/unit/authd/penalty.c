#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../bin/authd/penalty.h"

/* Empty ones; those of the test before are given back. NULL: no more. */
static struct penalties *
made_at(const char *path)
{
	static struct penalties *p;

	if (p != NULL)
		penalties_close(p);
	p = path == NULL ? NULL : penalties_open(path);
	return p;
}

static struct penalties *
fresh(void)
{
	char path[] = "/tmp/penalty.XXXXXX";
	struct penalties *p;

	close(mkstemp(path));
	p = made_at(path);
	unlink(path);
	return p;
}

static int
forget(void **state)
{
	(void)state;
	made_at(NULL);
	return 0;
}

static const struct span bob = { "bob@example.org", 15 };

static void
wrong(struct penalties *p, struct span ip, struct span account, uint32_t mark)
{
	struct trial t;

	trial_init(&t, p, ip, account);
	penalty_end(p, &t, OUTCOME_WRONG, mark);
}

static void
guess(struct penalties *p, struct span ip, int times)
{
	static uint32_t mark;

	while (times-- > 0)
		wrong(p, ip, bob, ++mark);
}

static void
right(struct penalties *p, struct span ip, struct span account)
{
	struct trial t;

	trial_init(&t, p, ip, account);
	penalty_end(p, &t, OUTCOME_RIGHT, 0);
}

/* What an attempt is told that then comes to nothing. */
static int64_t
told(struct penalties *p, struct span ip, struct span account)
{
	struct trial t;
	int64_t ms;

	trial_init(&t, p, ip, account);
	ms = penalty_ask(p, &t);
	if (ms == 0)
		penalty_end(p, &t, OUTCOME_NONE, 0);
	return ms;
}

/* Let as many begin at once as may; how many of most. */
static int
begin(struct penalties *p, struct span ip, struct trial *all, int most)
{
	int n = 0;

	for (; n < most; n++) {
		trial_init(&all[n], p, ip, bob);
		if (penalty_ask(p, &all[n]) != 0)
			break;
	}
	return n;
}

static void
the_first_failures_cost_no_wait(void **state)
{
	struct penalties *p = fresh();

	(void)state;
	guess(p, SPAN("192.0.2.1"), 3);
	assert_int_equal(told(p, SPAN("192.0.2.1"), bob), 0);
}

static void
waits_grow_and_have_an_end(void **state)
{
	struct penalties *p = fresh();
	int64_t early, late;

	(void)state;
	guess(p, SPAN("192.0.2.1"), 6);
	early = told(p, SPAN("192.0.2.1"), SPAN("x"));
	assert_in_range(early, 400, 2000);
	guess(p, SPAN("192.0.2.1"), 100);
	late = told(p, SPAN("192.0.2.1"), SPAN("x"));
	assert_in_range(late, early, 16000);
}

static void
attempts_in_parallel_queue_up_and_then_are_refused(void **state)
{
	struct penalties *p = fresh();
	int64_t first, second, third;

	(void)state;
	guess(p, SPAN("192.0.2.1"), 30);
	first = told(p, SPAN("192.0.2.1"), SPAN("x"));
	second = told(p, SPAN("192.0.2.1"), SPAN("y"));
	third = told(p, SPAN("192.0.2.1"), SPAN("z"));
	assert_in_range(first, 7000, 8100);
	assert_in_range(second, 15000, 16100);
	assert_int_equal(third, PENALTY_BUSY);
	assert_int_equal(told(p, SPAN("192.0.2.2"), SPAN("x")), 0);
}

static void
an_ipv6_network_is_one_guesser(void **state)
{
	struct penalties *p = fresh();
	char ip[64];

	(void)state;
	for (int i = 1; i < 9; i++) {
		snprintf(ip, sizeof ip, "2001:db8:1:2::%d", i);
		guess(p, span_text(ip), 1);
	}
	assert_true(told(p, SPAN("2001:db8:1:2:9::1"), SPAN("x")) > 0);
	assert_int_equal(told(p, SPAN("2001:db8:1:3::1"), SPAN("x")), 0);
}

static void
private_networks_wait_less(void **state)
{
	static const char *const near[] = { "127.0.0.1", "::1", "10.1.2.3",
		"192.168.1.1", "172.16.0.1", "fd00::1", "fe80::1", "local" };
	static const char *const far[] = { "192.0.2.1", "172.32.0.1",
		"2001:db8::1", "", "rubbish" };
	char prefix[48];
	bool is_near;

	(void)state;
	for (size_t i = 0; i < COUNT(near); i++) {
		prefix_of(span_text(near[i]), prefix, &is_near);
		assert_true(is_near);
	}
	for (size_t i = 0; i < COUNT(far); i++) {
		prefix_of(span_text(far[i]), prefix, &is_near);
		assert_false(is_near);
	}
}

static void
a_good_login_frees_its_address_for_that_account_alone(void **state)
{
	struct penalties *p = fresh();

	(void)state;
	right(p, SPAN("192.0.2.1"), bob);
	guess(p, SPAN("192.0.2.3"), 50);
	guess(p, SPAN("192.0.2.1"), 8);
	assert_int_equal(told(p, SPAN("192.0.2.1"), bob), 0);
	assert_true(told(p, SPAN("192.0.2.1"), SPAN("ann")) > 0);
	assert_true(told(p, SPAN("192.0.2.2"), bob) > 0);
}

static void
who_shares_the_owners_address_waits_a_little_at_last(void **state)
{
	struct penalties *p = fresh();

	(void)state;
	right(p, SPAN("192.0.2.1"), bob);
	guess(p, SPAN("192.0.2.1"), 60);
	assert_in_range(told(p, SPAN("192.0.2.1"), bob), 500, 1000);
	right(p, SPAN("192.0.2.1"), bob);
	assert_int_equal(told(p, SPAN("192.0.2.1"), bob), 0);
}

static void
attempts_at_once_count_before_they_have_a_result(void **state)
{
	struct penalties *p = fresh();
	struct trial t[16];

	(void)state;
	assert_int_equal(begin(p, SPAN("192.0.2.1"), t, 16), 4);
	for (int i = 0; i < 4; i++)
		penalty_end(p, &t[i], OUTCOME_WRONG, (uint32_t)i + 1);
	/* It was told to wait for them, and now waits for what they did. */
	assert_in_range(penalty_ask(p, &t[4]), 400, 500);
}

static void
a_known_prefix_gets_no_guess_more_by_haste(void **state)
{
	struct penalties *p = fresh();
	struct trial t[16], late[2];
	int64_t ms;

	(void)state;
	right(p, SPAN("192.0.2.1"), bob);
	assert_int_equal(begin(p, SPAN("192.0.2.1"), t, 16), 10);
	for (int i = 0; i < 10; i++)
		penalty_end(p, &t[i], OUTCOME_WRONG, (uint32_t)i + 1);
	for (int i = 0; i < 2; i++)
		trial_init(&late[i], p, SPAN("192.0.2.1"), bob);
	ms = penalty_ask(p, &late[0]);
	assert_in_range(ms, 400, 500);
	assert_in_range(penalty_ask(p, &late[1]), ms + 400, 1000);
}

static void
right_ones_at_once_wait_for_one_another_at_most(void **state)
{
	struct penalties *p = fresh();
	struct trial t[16];

	(void)state;
	assert_int_equal(begin(p, SPAN("192.0.2.1"), t, 16), 4);
	assert_in_range(penalty_ask(p, &t[4]), 1, 50);
	penalty_end(p, &t[0], OUTCOME_RIGHT, 0);
	assert_int_equal(penalty_ask(p, &t[4]), 0);
	for (int i = 1; i < 5; i++)
		penalty_end(p, &t[i], OUTCOME_RIGHT, 0);
	assert_int_equal(told(p, SPAN("192.0.2.1"), bob), 0);
	assert_int_equal(told(p, SPAN("192.0.2.1"), SPAN("x")), 0);
}

static void
at_an_account_that_is_guessed_only_one_is_judged_at_a_time(void **state)
{
	struct penalties *p = fresh();
	struct trial a, b;

	(void)state;
	for (int i = 0; i < 12; i++) {
		char ip[32];

		snprintf(ip, sizeof ip, "198.51.100.%d", i);
		guess(p, span_text(ip), 1);
	}
	trial_init(&a, p, SPAN("192.0.2.1"), bob);
	trial_init(&b, p, SPAN("192.0.2.2"), bob);
	assert_true(penalty_ask(p, &a) > 0 && penalty_ask(p, &b) > 0);
	a.turn = b.turn = 1; /* their waits are over */
	assert_int_equal(penalty_ask(p, &a), 0);
	assert_in_range(penalty_ask(p, &b), 1, 50);
	penalty_end(p, &a, OUTCOME_WRONG, 1);
	assert_int_equal(penalty_ask(p, &b), 0);
	penalty_end(p, &b, OUTCOME_WRONG, 2);
}

static void
floods_do_not_push_out_good_logins(void **state)
{
	struct penalties *p = fresh();
	char name[32];

	(void)state;
	right(p, SPAN("192.0.2.1"), bob);
	guess(p, SPAN("192.0.2.3"), 20);
	for (unsigned i = 0; i < 40000; i++) {
		snprintf(name, sizeof name, "u%u", i);
		wrong(p, SPAN("198.51.100.1"), span_text(name), i);
	}
	assert_int_equal(told(p, SPAN("192.0.2.1"), bob), 0);
}

static void
a_file_that_is_not_ours_is_made_anew(void **state)
{
	char path[] = "/tmp/penalty.XXXXXX", text[100];
	int fd = mkstemp(path);
	struct penalties *p;

	(void)state;
	memset(text, 'x', sizeof text);
	assert_int_equal(write(fd, text, sizeof text), sizeof text);
	close(fd);
	p = made_at(path);
	unlink(path);
	guess(p, SPAN("192.0.2.1"), 20);
	assert_true(told(p, SPAN("192.0.2.1"), SPAN("x")) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_failures_cost_no_wait),
		cmocka_unit_test(waits_grow_and_have_an_end),
		cmocka_unit_test(
		    attempts_in_parallel_queue_up_and_then_are_refused),
		cmocka_unit_test(an_ipv6_network_is_one_guesser),
		cmocka_unit_test(private_networks_wait_less),
		cmocka_unit_test(
		    a_good_login_frees_its_address_for_that_account_alone),
		cmocka_unit_test(
		    who_shares_the_owners_address_waits_a_little_at_last),
		cmocka_unit_test(
		    attempts_at_once_count_before_they_have_a_result),
		cmocka_unit_test(a_known_prefix_gets_no_guess_more_by_haste),
		cmocka_unit_test(
		    right_ones_at_once_wait_for_one_another_at_most),
		cmocka_unit_test(
		    at_an_account_that_is_guessed_only_one_is_judged_at_a_time),
		cmocka_unit_test(floods_do_not_push_out_good_logins),
		cmocka_unit_test(a_file_that_is_not_ours_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
