#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../bin/authd/dialogue.h"
#include "os/sandbox.h"

static int
write_a_file(void)
{
	return open("x", O_WRONLY | O_CREAT, 0600);
}
static int
read_elsewhere(void)
{
	return open("/etc/passwd", O_RDONLY);
}
static int
connect_out(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static int
connect_a_neighbour(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static int
fork_on(void)
{
	return fork();
}
static int
execute(void)
{
	char *argv[] = { (char *)"true", NULL };

	return execv("/bin/true", argv);
}

/* The status of a process that does this in both sandboxes. */
static int
status_of(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		parent_sandbox();
		dialogue_sandbox();
		_exit(what() < 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
a_dialogue_can_do_none_of_this(void **state)
{
	int (*const tries[])(void) = { write_a_file, read_elsewhere,
		connect_out, connect_a_neighbour, fork_on };

	(void)state;
	for (size_t i = 0; i < COUNT(tries); i++)
		assert_int_equal(status_of(tries[i]), 0);
}

static void
executing_a_program_kills_it(void **state)
{
	int status = status_of(execute);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dialogue_can_do_none_of_this),
		cmocka_unit_test(executing_a_program_kills_it),
	};
	char dir[] = "/tmp/authd.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return 1;
	setenv("CHAINMAIL_ETC", dir, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
