/* pop3d: what its session can't do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/pop3d/confine.h"
#include "../sandbox_tries.h"
#include "base/span.h"

static void
confined(const void *maildir)
{
	confine(maildir);
}

static int
write_its_own(void)
{
	return open("mine/file", O_WRONLY);
}

static void
its_own_mail_is_open_and_no_other(void **state)
{
	(void)state;
	assert_int_not_equal(status_behind(confined, "mine", write_its_own), 0);
	for (size_t i = 0; i < COUNT(never_in_a_session); i++)
		assert_int_equal(
		    status_behind(confined, "mine", never_in_a_session[i]), 0);
}

static void
no_other_process_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_equal(status_behind(confined, "mine", never[i]), 0);
	assert_int_equal(status_behind(confined, "mine", connect_out), 0);
	assert_int_equal(
	    status_behind(confined, "mine", connect_a_neighbour), 0);
	assert_int_equal(status_behind(confined, "mine", fork_on), 0);
}

static char mail[] = "/tmp/pop3d-sandbox.XXXXXX";

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
		cmocka_unit_test(its_own_mail_is_open_and_no_other),
		cmocka_unit_test(no_other_process_can_be_reached),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
