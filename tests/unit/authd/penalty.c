#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../bin/authd/penalty.h"

static struct penalties *
fresh(void)
{
	char path[] = "/tmp/penalty.XXXXXX";
	struct penalties *p;

	close(mkstemp(path));
	p = penalties_open(path);
	unlink(path);
	return p;
}

static const struct span bob = { "bob@example.org", 15 };

static void
guess(struct penalties *p, struct span ip, int times)
{
	static uint32_t mark;

	while (times-- > 0)
		penalty_failed(p, ip, bob, ++mark);
}

static void
the_first_failures_cost_no_wait(void **state)
{
	struct penalties *p = fresh();

	(void)state;
	guess(p, SPAN("192.0.2.1"), 3);
	assert_int_equal(penalty_wait(p, SPAN("192.0.2.1"), bob), 0);
}

static void
waits_grow_and_have_an_end(void **state)
{
	struct penalties *p = fresh();
	int64_t early, late;

	(void)state;
	guess(p, SPAN("192.0.2.1"), 6);
	early = penalty_wait(p, SPAN("192.0.2.1"), SPAN("x"));
	assert_in_range(early, 400, 2000);
	guess(p, SPAN("192.0.2.1"), 100);
	late = penalty_wait(p, SPAN("192.0.2.1"), SPAN("x"));
	assert_in_range(late, early, 16000);
}

static void
attempts_in_parallel_queue_up_and_then_are_refused(void **state)
{
	struct penalties *p = fresh();
	int64_t first, second, third;

	(void)state;
	guess(p, SPAN("192.0.2.1"), 30);
	first = penalty_wait(p, SPAN("192.0.2.1"), SPAN("x"));
	second = penalty_wait(p, SPAN("192.0.2.1"), SPAN("y"));
	third = penalty_wait(p, SPAN("192.0.2.1"), SPAN("z"));
	assert_in_range(first, 7000, 8100);
	assert_in_range(second, 15000, 16100);
	assert_int_equal(third, PENALTY_BUSY);
	assert_int_equal(penalty_wait(p, SPAN("192.0.2.2"), SPAN("x")), 0);
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
	assert_true(penalty_wait(p, SPAN("2001:db8:1:2:9::1"), SPAN("x")) > 0);
	assert_int_equal(
	    penalty_wait(p, SPAN("2001:db8:1:3::1"), SPAN("x")), 0);
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
	penalty_succeeded(p, SPAN("192.0.2.1"), bob);
	guess(p, SPAN("192.0.2.3"), 50);
	guess(p, SPAN("192.0.2.1"), 8);
	assert_int_equal(penalty_wait(p, SPAN("192.0.2.1"), bob), 0);
	assert_true(penalty_wait(p, SPAN("192.0.2.1"), SPAN("ann")) > 0);
	assert_true(penalty_wait(p, SPAN("192.0.2.2"), bob) > 0);
}

static void
who_shares_the_owners_address_waits_a_little_at_last(void **state)
{
	struct penalties *p = fresh();

	(void)state;
	penalty_succeeded(p, SPAN("192.0.2.1"), bob);
	guess(p, SPAN("192.0.2.1"), 60);
	assert_in_range(penalty_wait(p, SPAN("192.0.2.1"), bob), 500, 1000);
	penalty_succeeded(p, SPAN("192.0.2.1"), bob);
	assert_int_equal(penalty_wait(p, SPAN("192.0.2.1"), bob), 0);
}

static void
floods_do_not_push_out_good_logins(void **state)
{
	struct penalties *p = fresh();
	char name[32];

	(void)state;
	penalty_succeeded(p, SPAN("192.0.2.1"), bob);
	guess(p, SPAN("192.0.2.3"), 20);
	for (unsigned i = 0; i < 40000; i++) {
		snprintf(name, sizeof name, "u%u", i);
		penalty_failed(p, SPAN("198.51.100.1"), span_text(name), i);
	}
	assert_int_equal(penalty_wait(p, SPAN("192.0.2.1"), bob), 0);
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
	p = penalties_open(path);
	unlink(path);
	guess(p, SPAN("192.0.2.1"), 20);
	assert_true(penalty_wait(p, SPAN("192.0.2.1"), SPAN("x")) > 0);
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
		cmocka_unit_test(floods_do_not_push_out_good_logins),
		cmocka_unit_test(a_file_that_is_not_ours_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
