/* lib/mail/address */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/address.h"

static const char *
text_of(const char *in, struct str *out)
{
	struct address a;
	struct span rest = span_text(in);

	str_clear(out);
	if (!address_take_path(&rest, &a) || rest.len > 0)
		return "refused";
	address_text(&a, out);
	return out->at;
}

static void
paths_have_one_form(void **state)
{
	static const char *const cases[][2] = {
		{ "<bob@example.org>", "bob@example.org" },
		{ "<Bob@EXAMPLE.org>", "Bob@example.org" },
		{ "<>", "" },
		{ "<PostMaster>", "PostMaster" },
		{ "<postmaster@a.b>", "postmaster@a.b" },
		{ "<@x.y,@z:bob@example.org>", "bob@example.org" },
		{ "<@x.y:x@r.example>", "x@r.example" },
		{ "<\"bob\"@example.org>", "bob@example.org" },
		{ "<\"b\\ob\"@example.org>", "bob@example.org" },
		{ "<\"a\\\"b\"@example.org>", "\"a\\\"b\"@example.org" },
		{ "<\"a b\"@example.org>", "\"a b\"@example.org" },
		{ "<\"a@b\"@example.org>", "\"a@b\"@example.org" },
		{ "<a..b@example.org>", "\"a..b\"@example.org" },
		{ "<\"\"@example.org>", "\"\"@example.org" },
		{ "<x@[127.0.0.1]>", "x@[127.0.0.1]" },
		{ "<x@[ipv6:2001:DB8:0:0::1]>", "x@[IPv6:2001:db8::1]" },
		{ "<-oQ@example.org>", "-oQ@example.org" },
		{ "<../../bob@example.org>", "\"../../bob\"@example.org" },
		{ "<u\xc3\xa9@ex\xc3\xa4mple.org>",
		    "u\xc3\xa9@ex\xc3\xa4mple.org" },
		{ "<a@b_c>", "a@b_c" },
		{ "<a@b.example.>", "a@b.example" },
		{ "<@x.y.:a@b.>", "a@b" },
		{ "<a%b!c@d>", "a%b!c@d" },
	};
	struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(text_of(cases[i][0], &out), cases[i][1]);
	str_free(&out);
}

static void
nonsense_is_refused(void **state)
{
	static const char *const cases[] = { "", "<", ">", "bob@example.org",
		"<bob>", "<bob@>", "<@example.org>", "<bob@example.org",
		"<bob@@example.org>", "<x@r@example.org>",
		"<bob@example.org..>", "<bob@.>", "<bob@.org>", "<bob@-a.org>",
		"<bob@a-.org>", "<b ob@a.org>", "<bob@a b>", "<\"bob@a.org>",
		"<\"bob\"x@a.org>", "<x@[1.2.3]>", "<x@[1.2.3.4>",
		"<x@[IPv6:::g]>", "<x@[]>", "<@a,b:c@d>", "<u\xff@example.org>",
		"<u@ex\xff\xfe.org>", "<a\rb@c.d>", "<\"a\tb\"@c.d>",
		"<postmaster", "<postmasterx>", "<a@b:c@d>" };
	struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(text_of(cases[i], &out), "refused");
	str_free(&out);
}

static void
lengths_are_bounded(void **state)
{
	struct str s = STR_INIT;
	struct address a;

	(void)state;
	for (int i = 0; i < ADDRESS_LOCAL_MAX; i++)
		str_add_byte(&s, 'a');
	str_add_text(&s, "@b.example");
	assert_true(address_parse(str_span(&s), &a));
	str_setf(&s, "a%s", s.at);
	assert_false(address_parse(str_span(&s), &a));

	str_set(&s, SPAN("a@"));
	for (int i = 0; i < 63; i++)
		str_add_byte(&s, 'l');
	assert_true(address_parse(str_span(&s), &a));
	str_add_byte(&s, 'l');
	assert_false(address_parse(str_span(&s), &a));

	str_set(&s, SPAN("a@b"));
	for (int i = 0; i < 127; i++)
		str_add_text(&s, ".c");
	assert_true(address_parse(str_span(&s), &a));
	str_add_text(&s, ".c");
	assert_false(address_parse(str_span(&s), &a));
	str_free(&s);
}

static void
equality_goes_by_meaning(void **state)
{
	struct address a, b, c;

	(void)state;
	assert_true(address_parse(SPAN("\"bob\"@Example.org"), &a));
	assert_true(address_parse(SPAN("bob@example.ORG"), &b));
	assert_true(address_parse(SPAN("Bob@example.org"), &c));
	assert_true(address_equal(&a, &b));
	assert_false(address_equal(&b, &c));
}

static void
keys_are_lower_case(void **state)
{
	struct address a;
	struct str key = STR_INIT, local = STR_INIT;

	(void)state;
	assert_true(address_parse(SPAN("\"Bob.X\"@Example.org"), &a));
	address_key(&a, &key);
	assert_string_equal(key.at, "bob.x@example.org");
	address_local(&a, &local);
	assert_string_equal(local.at, "Bob.X");
	str_free(&key);
	str_free(&local);
}

static void
literals_give_their_ip(void **state)
{
	struct str ip = STR_INIT;

	(void)state;
	assert_true(domain_literal_ip(SPAN("[192.0.2.1]"), &ip));
	assert_string_equal(ip.at, "192.0.2.1");
	assert_true(domain_literal_ip(SPAN("[IPv6:2001:0DB8::0001]"), &ip));
	assert_string_equal(ip.at, "2001:db8::1");
	assert_false(domain_literal_ip(SPAN("192.0.2.1"), &ip));
	assert_false(domain_literal_ip(SPAN("[2001:db8::1]"), &ip));
	str_free(&ip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_one_form),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(equality_goes_by_meaning),
		cmocka_unit_test(keys_are_lower_case),
		cmocka_unit_test(literals_give_their_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
