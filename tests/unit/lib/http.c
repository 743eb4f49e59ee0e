/* lib/net/http */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/http.h"

static void
a_request_is_told_from_commands_of_mail(void **state)
{
	static const char *const yes[] = { "GET / HTTP/1.1", "POST /x HTTP/1.0",
		"OPTIONS * HTTP/1.1", "PATCH " };
	static const char *const no[] = { "", "GET", "GETX /", "get / HTTP/1.1",
		"a GET /", "EHLO get.example", "PUTS" };

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(http_is_request(span_text(yes[i])));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_false(http_is_request(span_text(no[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_told_from_commands_of_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
