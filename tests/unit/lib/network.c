/* lib/net/network and relay */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "net/relay.h"

static void
networks_cover_their_addresses(void **state)
{
	static const struct {
		const char *network, *ip;
		bool in;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.6", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.129", true },
		{ "0.0.0.0/0", "203.0.113.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::1", "::1", true },
		{ "10.0.0.0/8", "local", false },
		{ "10.0.0.0/8", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct network_list l = { NULL, 0, 0 };
		struct network n;

		assert_true(network_parse(span_text(cases[i].network), &n));
		network_add(&l, &n);
		assert_int_equal(
		    network_has(&l, span_text(cases[i].ip)), cases[i].in);
		network_free(&l);
	}
}

static void
what_is_no_network_is_refused(void **state)
{
	static const char *const cases[] = { "", "/", "192.0.2.0/33",
		"192.0.2.0/", "192.0.2.0/-1", "192.0.2/24", "::/129", "x",
		"192.0.2.0/24 x" };
	struct network n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(network_parse(span_text(cases[i]), &n));
}

struct world {
	char folder[40];
	int etc;
	struct network_list list;
	struct str complaints;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (w == NULL)
		return -1;
	str_init(&w->complaints);
	strcpy(w->folder, "/tmp/chainmail-relay-XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	w->etc = open(w->folder, O_RDONLY | O_DIRECTORY);
	*state = w;
	return w->etc < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	network_free(&w->list);
	unlinkat(w->etc, "relay", 0);
	unlinkat(w->etc, "relay", AT_REMOVEDIR);
	close(w->etc);
	rmdir(w->folder);
	str_free(&w->complaints);
	free(w);
	return 0;
}

static void
complain(unsigned line, const char *text, void *arg)
{
	struct world *w = arg;

	str_addf(&w->complaints, "%u %s\n", line, text);
}

static int
read_text(struct world *w, const char *text)
{
	int fd = openat(w->etc, "relay", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, span_text(text)), 0);
	close(fd);
	return relay_read(w->etc, &w->list, complain, w);
}

static void
every_bad_line_is_told_and_the_others_count(void **state)
{
	struct world *w = *state;

	assert_int_equal(read_text(w,
			     "192.0.2.0/24 # the office\n10.0.0.0/33\n\n"
			     "lan\n2001:db8::/32\n"),
	    2);
	assert_true(network_has(&w->list, SPAN("192.0.2.9")));
	assert_true(network_has(&w->list, SPAN("2001:db8::1")));
	assert_false(network_has(&w->list, SPAN("10.0.0.1")));
	assert_non_null(strstr(w->complaints.at, "2 10.0.0.0/33: "));
	assert_non_null(strstr(w->complaints.at, "4 lan: "));
}

static void
a_missing_file_is_empty(void **state)
{
	struct world *w = *state;

	assert_int_equal(relay_read(w->etc, &w->list, complain, w), 0);
	assert_int_equal(relay_read(-1, &w->list, complain, w), 0);
	assert_int_equal(w->list.count, 0);
}

static void
one_that_cant_be_read_is_an_error(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdirat(w->etc, "relay", 0700), 0);
	assert_int_equal(relay_read(w->etc, &w->list, complain, w), -1);
	assert_int_equal(errno, EISDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_cover_their_addresses),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test_setup_teardown(
		    every_bad_line_is_told_and_the_others_count, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_missing_file_is_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    one_that_cant_be_read_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
