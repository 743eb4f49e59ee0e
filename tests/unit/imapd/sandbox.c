/* imapd: what its session can't do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/imapd/confine.h"
#include "../sandbox_tries.h"
#include "base/span.h"
#include "store/index_place.h"

static void
confined(const void *maildir)
{
	confine(maildir, NULL);
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

static char mail[] = "/tmp/imapd-sandbox.XXXXXX";

/* Its folder of indexes, that of another account, and what holds both. */
static char own_indexes[200], other_indexes[200], all_indexes[200];

static int
write_its_indexes(void)
{
	return open(own_indexes, O_WRONLY | O_CREAT, 0600);
}

static int
write_other_indexes(void)
{
	return open(other_indexes, O_WRONLY | O_CREAT, 0600);
}

static int
write_among_the_indexes(void)
{
	return open(all_indexes, O_WRONLY | O_CREAT, 0600);
}

static void
its_indexes_elsewhere_are_open_and_no_other(void **state)
{
	struct str own = STR_INIT;
	int fd;

	(void)state;
	assert_int_equal(mkdir("indexes", 0700), 0);
	assert_int_equal(mkdir("indexes/other", 0700), 0);
	snprintf(all_indexes, sizeof all_indexes, "%s/indexes", mail);
	setenv("CHAINMAIL_INDEX", all_indexes, 1);
	fd = index_place_account("mine");
	assert_true(fd > 0);
	close(fd);
	assert_true(index_place_path("mine", &own));
	snprintf(own_indexes, sizeof own_indexes, "%s/index", own.at);
	snprintf(other_indexes, sizeof other_indexes, "%s/indexes/other/index",
	    mail);
	snprintf(all_indexes, sizeof all_indexes, "%s/indexes/index", mail);
	assert_int_not_equal(
	    status_behind(confined, "mine", write_its_indexes), 0);
	assert_int_equal(
	    status_behind(confined, "mine", write_other_indexes), 0);
	assert_int_equal(
	    status_behind(confined, "mine", write_among_the_indexes), 0);
	assert_int_not_equal(status_behind(confined, "mine", write_its_own), 0);
	unsetenv("CHAINMAIL_INDEX");
	unlink(own_indexes);
	assert_int_equal(rmdir(own.at), 0);
	assert_int_equal(rmdir("indexes/other"), 0);
	assert_int_equal(rmdir("indexes"), 0);
	str_free(&own);
}

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
		cmocka_unit_test(its_indexes_elsewhere_are_open_and_no_other),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
