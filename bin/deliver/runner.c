/* The runner of commands: command-run, if available, or a process of our own,
 * forked before the sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/die.h"
#include "commands/delivery.h"
#include "os/dirs.h"
#include "os/sock.h"
#include "pipe.h"

enum { REACH_MS = 5000 };

/* It must not read the jobs on descriptor 0. */
static void
quiet_stdin(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 0) < 0)
		_exit(TEMP);
	close(fd);
}

static _Noreturn void
runner_run(int sock, struct users *u, uint64_t seconds)
{
	quiet_stdin();
	signal(SIGTERM, SIG_IGN);
	delivery_serve(
	    &(struct delivery){ .sock = sock, .users = u, .seconds = seconds });
	_exit(DONE);
}

static int
runner_fork(struct users *u, uint64_t seconds)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		runner_run(pair[1], u, seconds);
	}
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	close(pair[0]);
	return -1;
}

int
runner_start(struct users *u, uint64_t seconds)
{
	struct str path = STR_INIT;
	int sock, error;

	str_setf(&path, "%s/commands", dir_run());
	sock = sock_connect_unix(path.at, SOCK_SEQPACKET, REACH_MS);
	error = errno;
	str_free(&path);
	errno = 0;
	if (sock >= 0)
		return sock;
	/* It is missing, or not for us: deliver by hand may have another
	 * uid. */
	if (error == ENOENT || error == ECONNREFUSED || error == EACCES)
		return runner_fork(u, seconds);
	return -1;
}
