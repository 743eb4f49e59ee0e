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

#include "../../../bin/tlsd/sandbox.h"

static int
read_the_key(void)
{
	return open("key.pem", O_RDONLY);
}
static int
write_a_file(void)
{
	return open("x", O_WRONLY | O_CREAT, 0600);
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
status_of(int (*what)(void), const char *tls)
{
	struct certs c = { .path = STR_INIT };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		str_set(&c.path, span_text(tls));
		parent_sandbox(&c);
		connection_sandbox();
		_exit(what() < 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
a_connection_can_do_none_of_this(void **state)
{
	int (*const tries[])(void) = { write_a_file, read_the_key, connect_out,
		connect_a_neighbour, fork_on };

	(void)state;
	/* The folder that the parent may read is another one here: the
	 * sanitizers' own calls can't be told from ours by the filter. */
	for (size_t i = 0; i < COUNT(tries); i++)
		assert_int_equal(status_of(tries[i], "/usr/share"), 0);
}

static void
executing_a_program_kills_it(void **state)
{
	int status = status_of(execute, ".");

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_can_do_none_of_this),
		cmocka_unit_test(executing_a_program_kills_it),
	};
	char dir[] = "/tmp/tlsd.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) < 0 ||
	    close(open("key.pem", O_WRONLY | O_CREAT, 0600)) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
