/* bin/smtpd/author */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/smtpd/author.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_found),
		cmocka_unit_test(a_domain_is_told_only_where_all_read_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
