/* The addresses of a header field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/mailboxes.h"

/* The list's addresses, each followed by '|'. */
static void
expect(const char *list, const char *addresses)
{
	struct str all = STR_INIT, one = STR_INIT;
	struct span rest = span_text(list), behind;

	while (mailboxes_next(&rest, &one, &behind)) {
		str_add(&all, str_span(&one));
		str_add_byte(&all, '|');
	}
	assert_string_equal(all.at, addresses);
	str_free(&one);
	str_free(&all);
}

static void
names_comments_and_folds_are_passed_over(void **state)
{
	(void)state;
	expect("a@b.c", "a@b.c|");
	expect("Ann <a@b.c>, \"Doe, (Joe) <x@y>\" <d@e.f>", "a@b.c|d@e.f|");
	expect("a (one (two) \\) three) @ b.\r\n c (x)", "a@b.c|");
	expect(" <a@b.c> rubbish, , <>, d@e.f", "a@b.c|d@e.f|");
	expect("=?utf-8?q?J=2C?= <j@x.y>", "j@x.y|");
	expect("", "");
}

static void
groups_and_routes(void **state)
{
	(void)state;
	expect("undisclosed-recipients:;", "");
	expect("friends: a@b.c, D <d@e.f>;, g@h.i", "a@b.c|d@e.f|g@h.i|");
	expect("<@r.a,@r.b:u@v.w>", "u@v.w|");
	expect("<u@[IPv6:2001:db8::1]>, u@[IPv6:::1]",
	    "u@[IPv6:2001:db8::1]|u@[IPv6:::1]|");
}

static void
quotes_stay_and_hide_what_is_special(void **state)
{
	(void)state;
	expect("\"a,b@c\\\"\"@d.e", "\"a,b@c\\\"\"@d.e|");
	expect("\"no end, a@b", "\"no end, a@b|");
	assert_true(mailbox_is_bare(SPAN("\"a@b\"")));
	assert_true(mailbox_is_bare(SPAN("bob")));
	assert_false(mailbox_is_bare(SPAN("\"a\"@b")));
}

static void
what_is_no_address_does_not_look_like_one(void **state)
{
	(void)state;
	expect("root admin", "root admin|");
	expect("a b@c.d", "a b@c.d|");
}

static void
a_domain_goes_behind_the_last_word(void **state)
{
	struct span rest = SPAN("root (Cron) , Bob <bob > x"), behind;
	struct str one = STR_INIT;

	(void)state;
	assert_true(mailboxes_next(&rest, &one, &behind));
	assert_string_equal(behind.at, " (Cron) , Bob <bob > x");
	assert_true(mailboxes_next(&rest, &one, &behind));
	assert_string_equal(one.at, "bob");
	assert_string_equal(behind.at, " > x");
	str_free(&one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_comments_and_folds_are_passed_over),
		cmocka_unit_test(groups_and_routes),
		cmocka_unit_test(quotes_stay_and_hide_what_is_special),
		cmocka_unit_test(what_is_no_address_does_not_look_like_one),
		cmocka_unit_test(a_domain_goes_behind_the_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
