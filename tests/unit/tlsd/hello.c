#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../../bin/tlsd/hello.h"

static void
a_host_name_is_found(void **state)
{
	struct span name;

	(void)state;
	assert_true(
	    hello_server_name(SPAN("\0\x0e\0\0\x0bmail.ex.org"), &name));
	assert_true(span_equal(name, SPAN("mail.ex.org")));
}

static void
what_is_cut_or_is_no_host_name_is_not(void **state)
{
	static const struct span bad[] = { SPAN(""), SPAN("\0"), SPAN("\0\0"),
		SPAN("\0\x0e\0\0\x0bmail.ex.or"),   /* cut */
		SPAN("\0\x0e\0\0\x0bmail.ex.orgx"), /* more */
		SPAN("\0\x0e\1\0\x0bmail.ex.org"),  /* of another kind */
		SPAN("\0\x03\0\0\0"),               /* empty */
		SPAN("\0\x0e\0\0\x0b../../x.org"),  /* a path */
		SPAN("\0\x0e\0\0\x0bmail.ex\0org"), SPAN("\0\x05\0\0\x02..") };
	struct span name;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(hello_server_name(bad[i], &name));
}

static void
alpn_lists_are_searched(void **state)
{
	(void)state;
	assert_true(hello_alpn_has(SPAN("\2h2\4imap"), SPAN("imap")));
	assert_false(hello_alpn_has(SPAN("\2h2\5imaps"), SPAN("imap")));
	assert_false(hello_alpn_has(SPAN("\2h2\5imap"), SPAN("imap")));
	assert_false(hello_alpn_has(SPAN(""), SPAN("imap")));
}

static void
only_web_protocols_make_a_web_client(void **state)
{
	(void)state;
	assert_true(hello_alpn_is_web(SPAN("\2h2\x08http/1.1")));
	assert_false(hello_alpn_is_web(SPAN("\2h2\4smtp")));
	assert_false(hello_alpn_is_web(SPAN("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_name_is_found),
		cmocka_unit_test(what_is_cut_or_is_no_host_name_is_not),
		cmocka_unit_test(alpn_lists_are_searched),
		cmocka_unit_test(only_web_protocols_make_a_web_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
