/* What a process must not do behind its sandboxes: each tries one thing, in the
 * folder it is in, and returns -1 when that fails. */
#ifndef TESTS_SANDBOX_TRIES_H
#define TESTS_SANDBOX_TRIES_H

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int
write_a_file(void)
{
	return open("x", O_WRONLY | O_CREAT, 0600);
}

static inline int
connect_out(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static inline int
connect_a_neighbour(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static inline int
fork_on(void)
{
	return fork();
}

static inline int
execute(void)
{
	char *argv[] = { (char *)"true", NULL };

	return execv("/bin/true", argv);
}

/* The status of a process that does this behind sandbox(arg): 0, it failed. */
static inline int
status_behind(
    void (*sandbox)(const void *arg), const void *arg, int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sandbox(arg);
		_exit(what() < 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

#endif
