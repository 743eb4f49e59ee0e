/* lib/os/sandbox: what must fail does. Each case runs in a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/span.h"
#include "os/sandbox.h"

#include "../sandbox_tries.h"

/* Run in a child: its exit code, or minus its signal. */
static int
in_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool
fails(long result, int error)
{
	return result < 0 && errno == error;
}

static int
stream_only(void)
{
	char byte;
	int ends[2];

	if (pipe(ends) < 0)
		return 1;
	sandbox_calls(CALLS_STREAM);
	if (write(ends[1], "x", 1) != 1 || read(ends[0], &byte, 1) != 1)
		return 2;
	if (!SANDBOX_SANITIZED && !fails(open("/etc/passwd", O_RDONLY), EPERM))
		return 3;
	if (!fails(socket(AF_UNIX, SOCK_STREAM, 0), EPERM))
		return 4;
	if (!fails(fork(), EPERM))
		return 5;
	if (!fails(accept(0, NULL, NULL), EPERM))
		return 6;
	return fails(setuid(0), EPERM) ? 0 : 7;
}

static int
unix_sockets_only(void)
{
	sandbox_calls(CALLS_CONNECT);
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 1;
	if (!fails(socket(AF_INET, SOCK_STREAM, 0), EPERM))
		return 2;
	return fails(socket(AF_NETLINK, SOCK_RAW, 0), EPERM) ? 0 : 3;
}

static int
internet_too(void)
{
	sandbox_calls(CALLS_INTERNET);
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0 ||
	    socket(AF_INET, SOCK_STREAM, 0) < 0)
		return 1;
	return fails(socket(AF_PACKET, SOCK_RAW, 0), EPERM) ? 0 : 2;
}

static int
forks_without_namespaces(void)
{
	int status;
	pid_t pid;

	sandbox_calls(CALLS_FORK);
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 3;
	if (!fails(
		syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM))
		return 1;
	return fails(syscall(SYS_clone3, NULL, 0), ENOSYS) ? 0 : 2;
}

static int
exec(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	sandbox_calls(CALLS_FILES);
	execv("/bin/true", argv);
	return 1;
}

static int
exec_allowed(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	sandbox_calls(CALLS_FILES | CALLS_EXEC);
	execv("/bin/true", argv);
	return 1;
}

static int
trace(void)
{
	sandbox_calls(CALLS_FILES | CALLS_FORK);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 1;
}

static int
narrower(void)
{
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_SANDBOX);
	sandbox_calls(CALLS_STREAM);
	return fails(socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }), EPERM)
	    ? 0
	    : 1;
}

static void
only_these(const void *groups)
{
	sandbox_calls(*(const unsigned *)groups);
}

static void
no_group_of_calls_reaches_another_process(void **state)
{
	static const unsigned groups[] = { CALLS_STREAM, CALLS_FILES,
		CALLS_SOCKET, CALLS_CONNECT, CALLS_INTERNET, CALLS_ACCEPT,
		CALLS_FORK, CALLS_EXEC, CALLS_OWNER, CALLS_SANDBOX, ~0U };

	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++)
		for (size_t k = 0; k < COUNT(never); k++)
			assert_int_equal(
			    status_behind(only_these, &groups[i], never[k]), 0);
}

static char where[] = "/tmp/chainmail-unit-XXXXXX";

static int
one_folder(void)
{
	const struct sandbox_path paths[] = {
		{ where, SANDBOX_READ | SANDBOX_WRITE },
		{ "/nowhere/at/all", SANDBOX_READ },
		{ NULL, SANDBOX_READ },
	};
	int dir = open(where, O_RDONLY | O_DIRECTORY), fd;

	sandbox_paths(paths, COUNT(paths));
	fd = openat(dir, "mine", O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	if (renameat(dir, "mine", dir, "yours") < 0)
		return 2;
	if (!fails(open("/etc/passwd", O_RDONLY), EACCES))
		return 3;
	if (!fails(open("/tmp/chainmail-elsewhere", O_CREAT | O_WRONLY, 0600),
		EACCES))
		return 4;
	if (!fails(openat(dir, "../../etc/passwd", O_RDONLY), EACCES))
		return 5;
	return unlinkat(dir, "yours", 0);
}

static int
read_only(void)
{
	const struct sandbox_path paths[] = { { "/etc", SANDBOX_READ } };

	sandbox_paths(paths, COUNT(paths));
	if (open("/etc/passwd", O_RDONLY) < 0)
		return 1;
	return fails(open("/etc/passwd", O_RDWR), EACCES) ? 0 : 2;
}

static void
a_stream_can_do_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(in_child(stream_only), 0);
}

static void
sockets_are_of_the_chosen_families(void **state)
{
	(void)state;
	assert_int_equal(in_child(unix_sockets_only), 0);
	assert_int_equal(in_child(internet_too), 0);
}

static void
a_fork_makes_no_namespace(void **state)
{
	(void)state;
	assert_int_equal(in_child(forks_without_namespaces), 0);
}

static void
exec_and_ptrace_kill(void **state)
{
	(void)state;
	assert_int_equal(in_child(exec), -SIGSYS);
	assert_int_equal(in_child(trace), -SIGSYS);
	assert_int_equal(in_child(exec_allowed), 0);
}

static void
a_sandbox_can_be_narrowed(void **state)
{
	(void)state;
	assert_int_equal(in_child(narrower), 0);
}

static void
only_the_named_paths_are_there(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(where));
	assert_int_equal(in_child(one_folder), 0);
	assert_int_equal(in_child(read_only), 0);
	assert_int_equal(rmdir(where), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_can_do_nothing_else),
		cmocka_unit_test(sockets_are_of_the_chosen_families),
		cmocka_unit_test(a_fork_makes_no_namespace),
		cmocka_unit_test(exec_and_ptrace_kill),
		cmocka_unit_test(a_sandbox_can_be_narrowed),
		cmocka_unit_test(no_group_of_calls_reaches_another_process),
		cmocka_unit_test(only_the_named_paths_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
