/* login: what its front can't do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/login/session.h"
#include "../sandbox_tries.h"
#include "base/span.h"
#include "os/sandbox.h"

static void
as_front(const void *arg)
{
	(void)arg;
	session_sandbox();
}

static int
read_a_file(void)
{
	return open("/usr/bin/env", O_RDONLY);
}

static void
no_file_can_be_opened(void **state)
{
	(void)state;
	/* The sanitizers' library opens files by itself. */
	if (SANDBOX_SANITIZED)
		skip();
	assert_int_equal(status_behind(as_front, NULL, read_a_file), 0);
	assert_int_equal(status_behind(as_front, NULL, write_a_file), 0);
	for (size_t i = 0; i < COUNT(never_in_a_session); i++)
		assert_int_equal(
		    status_behind(as_front, NULL, never_in_a_session[i]), 0);
}

static void
no_other_process_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_equal(status_behind(as_front, NULL, never[i]), 0);
	assert_int_equal(status_behind(as_front, NULL, connect_out), 0);
	assert_int_equal(status_behind(as_front, NULL, connect_a_neighbour), 0);
	assert_int_equal(status_behind(as_front, NULL, fork_on), 0);
}

static char mail[] = "/tmp/login-sandbox.XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mail_make(mail);
}

static int
teardown(void **state)
{
	(void)state;
	return mail_remove(mail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_can_be_opened),
		cmocka_unit_test(no_other_process_can_be_reached),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
