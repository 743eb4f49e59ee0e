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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_one_form),
		cmocka_unit_test(a_literal_has_one_form_where_it_may_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
