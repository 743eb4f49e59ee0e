#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "../../../bin/listen/listen.h"

static uint64_t
source(const char *text, bool count_local)
{
	struct ends e = { 0 };

	assert_int_equal(inet_pton(AF_INET6, text, &e.remote), 1);
	return source_of(&e, count_local);
}

static void
one_network_is_one_source(void **state)
{
	(void)state;
	assert_true(source("2001:db8:1:2::7", false) ==
	    source("2001:db8:1:2:ffff::8", false));
	assert_true(source("2001:db8:1:2::7", false) !=
	    source("2001:db8:1:3::7", false));
	assert_true(source("::ffff:192.0.2.1", false) !=
	    source("::ffff:192.0.2.2", false));
}

static void
this_machine_counts_only_when_asked(void **state)
{
	(void)state;
	assert_true(source("::1", false) == 0);
	assert_true(source("::ffff:127.0.0.9", false) == 0);
	assert_true(source("::1", true) != 0);
	assert_true(source("::ffff:127.0.0.9", true) != 0);
}

static void
a_uid_is_a_source_when_asked(void **state)
{
	struct ends root = { .local = true }, nobody = root;

	(void)state;
	nobody.uid = 65534;
	assert_true(source_of(&root, false) == 0);
	assert_true(source_of(&root, true) != 0);
	assert_true(source_of(&root, true) != source_of(&nobody, true));
	assert_true(source_of(&root, true) != source("::ffff:0.0.0.0", true));
}

static bool
holds(const char *list, const char *text)
{
	struct network n[NETWORKS_MAX];
	struct in6_addr a;
	size_t count;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	assert_int_equal(networks_parse(span_text(list), n, &count), 0);
	return networks_hold(n, count, &a);
}

static void
networks(void **state)
{
	struct network n[NETWORKS_MAX];
	size_t count;

	(void)state;
	assert_true(holds("192.0.2.0/25", "::ffff:192.0.2.127"));
	assert_false(holds("192.0.2.0/25", "::ffff:192.0.2.128"));
	assert_true(holds("::1,192.0.2.3", "::ffff:192.0.2.3"));
	assert_false(holds("::1,192.0.2.3", "::ffff:192.0.2.4"));
	assert_true(holds("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(holds("2001:db8::/33", "2001:db8:8000::1"));
	assert_false(holds("0.0.0.0/0", "2001:db8::1"));
	assert_true(holds("::/0", "2001:db8::1"));
	assert_int_equal(networks_parse(SPAN("192.0.2.0/33"), n, &count), -1);
	assert_int_equal(networks_parse(SPAN("192.0.2"), n, &count), -1);
	assert_int_equal(networks_parse(SPAN("::1,,::2"), n, &count), -1);
}

static void
a_place_is_free_again(void **state)
{
	struct table t;
	struct connection *a, *b;
	uint64_t number;

	(void)state;
	table_init(&t, 2);
	a = table_take(&t, 7);
	b = table_take(&t, 7);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(table_take(&t, 7));
	assert_int_equal(table_of_source(&t, 7), 2);
	number = a->number;
	assert_ptr_equal(table_find(&t, number), a);
	table_drop(&t, a);
	assert_null(table_find(&t, number));
	assert_int_equal(table_of_source(&t, 7), 1);
	a = table_take(&t, 8);
	assert_non_null(a);
	assert_true(a->number != number && a != b);
	assert_null(table_find(&t, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_network_is_one_source),
		cmocka_unit_test(this_machine_counts_only_when_asked),
		cmocka_unit_test(a_uid_is_a_source_when_asked),
		cmocka_unit_test(networks),
		cmocka_unit_test(a_place_is_free_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
