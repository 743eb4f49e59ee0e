/* lib/mail/domain */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/domain.h"

static const char *
folded(bool (*fold)(struct span, struct str *), const char *text)
{
	static struct str key = STR_INIT;

	str_clear(&key);
	return fold(span_text(text), &key) ? key.at : "refused";
}

static void
a_domain_has_one_form(void **state)
{
	(void)state;
	assert_string_equal(folded(domain_fold, "Example.ORG"), "example.org");
	assert_string_equal(folded(domain_fold, "example.org."), "example.org");
	assert_string_equal(folded(domain_fold, "M\xc3\xbcller.example"),
	    "xn--mller-kva.example");
	assert_string_equal(folded(domain_fold, "a_b.example"), "a_b.example");
	assert_string_equal(folded(domain_fold, ""), "refused");
	assert_string_equal(folded(domain_fold, "."), "refused");
	assert_string_equal(folded(domain_fold, "a..b"), "refused");
	assert_string_equal(folded(domain_fold, "a b"), "refused");
	assert_string_equal(folded(domain_fold, "\xff.example"), "refused");
	assert_string_equal(folded(domain_fold, "[192.0.2.1]"), "refused");
}

static void
a_literal_has_one_form_where_it_may_stand(void **state)
{
	(void)state;
	assert_string_equal(folded(domain_fold_any, "A.Example"), "a.example");
	assert_string_equal(
	    folded(domain_fold_any, "[192.0.2.1]"), "[192.0.2.1]");
	assert_string_equal(folded(domain_fold_any, "[ipv6:2001:DB8:0::1]"),
	    "[IPv6:2001:db8::1]");
	assert_string_equal(folded(domain_fold_any, "[192.0.2]"), "refused");
	assert_string_equal(folded(domain_fold_any, "[]"), "refused");
}

static void
a_plain_domain_can_stand_anywhere(void **state)
{
	static const char *const yes[] = { "example.org", "a", "A-b_c.9",
		"xn--mller-kva.example", "_mta-sts.example.org" };
	static const char *const no[] = { "", ".", ".a", "a.", "a..b", "a b",
		"a/b", "a\nb", "m\xc3\xbcller.example", "[192.0.2.1]", "*.a" };
	char text[DOMAIN_PLAIN_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(domain_is_plain(span_text(yes[i])));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_false(domain_is_plain(span_text(no[i])));
	assert_false(domain_is_plain((struct span){ "a\0b", 3 }));
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	assert_true(domain_is_plain((struct span){ text, DOMAIN_PLAIN_MAX }));
	assert_false(
	    domain_is_plain((struct span){ text, DOMAIN_PLAIN_MAX + 1 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_one_form),
		cmocka_unit_test(a_literal_has_one_form_where_it_may_stand),
		cmocka_unit_test(a_plain_domain_can_stand_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
