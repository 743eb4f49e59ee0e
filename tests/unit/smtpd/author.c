/* bin/smtpd/author and network */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/smtpd/author.h"
#include "../../../bin/smtpd/network.h"

static void
addresses_are_found(void **state)
{
	static const char *const cases[][2] = {
		{ " a@b", "a@b " },
		{ "A <a@b>, \"x, <y@z>\" <c@d>", "a@b c@d " },
		{ "a@b (c@d), (e) f@g", "a@b f@g " },
		{ "a (c\\) d) @ b", "a@b " },
		{ "<@x,@y:a@b>", "a@b " },
		{ "<a@b> <c@d>", "a@b c@d " },
		{ "group: a@b, c@d;, e@f", "a@b c@d e@f " },
		{ "\"a:b\"@c", "\"a:b\"@c " },
		{ "root", "root " },
		{ "", "" },
		{ "<>, ,", "" },
		{ "\"unended", "\"unended " },
		{ "(unended", "" },
		{ "a\r\n\t@b", "a@b " },
		{ "<a@b> c@d", "a@b c@d " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str plain = STR_INIT, all = STR_INIT;
		struct span rest, address;

		author_plain(span_text(cases[i][0]), &plain);
		rest = str_span(&plain);
		while (author_next(&rest, &address)) {
			str_add(&all, address);
			str_add_byte(&all, ' ');
		}
		assert_string_equal(all.at, cases[i][1]);
		str_free(&plain);
		str_free(&all);
	}
}

/* Of what is no address readers show now this, now that. */
static void
a_domain_is_told_only_where_all_read_the_same(void **state)
{
	static const char *const cases[][2] = {
		{ "a@b.c", "b.c" },
		{ "\"x@y z\" @ b . (d) c", "b.c" },
		{ "a b@c", "c" },
		{ "a@", "" },
		{ "root", "none" },
		{ "a@b.c d", NULL },
		{ "a@b (x) c", NULL },
		{ "a@b@c", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str plain = STR_INIT;
		struct span domain;
		bool told;

		author_plain(span_text(cases[i][0]), &plain);
		told = author_domain(str_span(&plain), &domain);
		assert_int_equal(told, cases[i][1] != NULL);
		if (told && domain.at == NULL)
			domain = SPAN("none");
		if (told)
			assert_true(span_equal(domain, span_text(cases[i][1])));
		str_free(&plain);
	}
}

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_found),
		cmocka_unit_test(a_domain_is_told_only_where_all_read_the_same),
		cmocka_unit_test(networks_cover_their_addresses),
		cmocka_unit_test(what_is_no_network_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
