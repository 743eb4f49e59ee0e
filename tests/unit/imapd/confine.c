/* bin/imapd/confine: what must fail in a session fails. Each trial is a
 * process of its own; its exit code is errno. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../bin/imapd/confine.h"

static char folder[] = "/tmp/confine.XXXXXX";

static int
outcome(int (*trial)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(folder) < 0)
			_exit(255);
		confine(folder);
		errno = 0;
		_exit(trial() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 1000 + WTERMSIG(status);
}

static int
open_own(void)
{
	return open("file", O_RDWR | O_CREAT, 0600);
}

static int
open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int
make_outside(void)
{
	return open("../confined-outside", O_RDWR | O_CREAT, 0600);
}

static int
connect_out(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
connect_local(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int
start_process(void)
{
	return fork();
}

static int
execute(void)
{
	return execl("/bin/true", "true", NULL);
}

static void
only_the_maildir_is_open(void **state)
{
	(void)state;
	assert_int_equal(outcome(open_own), 0);
	assert_int_equal(outcome(open_passwd), EACCES);
	assert_int_equal(outcome(make_outside), EACCES);
}

static void
nobody_is_connected_to(void **state)
{
	(void)state;
	assert_int_equal(outcome(connect_out), EPERM);
	assert_int_equal(outcome(connect_local), EPERM);
}

static void
nothing_is_started(void **state)
{
	(void)state;
	assert_int_equal(outcome(start_process), EPERM);
	assert_int_equal(outcome(execute), 1000 + SIGSYS);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	(void)state;
	return chdir(folder) < 0 || unlink("file") < 0 || rmdir(folder) < 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_maildir_is_open),
		cmocka_unit_test(nobody_is_connected_to),
		cmocka_unit_test(nothing_is_started),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
