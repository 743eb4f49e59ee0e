/* bin/mail-verify: what it can't do once a message comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../bin/mail-verify/answer.h"
#include "../sandbox_tries.h"

static int
read_a_file(void)
{
	return open("/etc/passwd", O_RDONLY);
}

/* 0: it succeeded. */
static int
status_of(int (*what)(void), bool confined)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir("/tmp") < 0)
			_exit(1);
		if (confined)
			filter_confine(1 << 20);
		_exit(what() < 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
it_opens_and_connects_to_nothing(void **state)
{
	int (*const tries[])(
	    void) = { read_a_file, connect_out, connect_a_neighbour, fork_on };

	(void)state;
	for (size_t i = 0; i < COUNT(tries); i++) {
		assert_int_equal(status_of(tries[i], false), 0);
		assert_int_not_equal(status_of(tries[i], true), 0);
	}
	assert_int_not_equal(status_of(write_a_file, true), 0);
}

static void
it_executes_nothing(void **state)
{
	int status;

	(void)state;
	status = status_of(execute, true);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void
it_reaches_no_process(void **state)
{
	(void)state;
	neighbour = getpid();
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_not_equal(status_of(never[i], true), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_opens_and_connects_to_nothing),
		cmocka_unit_test(it_executes_nothing),
		cmocka_unit_test(it_reaches_no_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
