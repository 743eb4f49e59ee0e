/* The program behind the channel, or on the socket. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "listen.h"
#include "os/proc.h"
#include "os/serve.h"

enum { BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 10000 };

static _Noreturn void
program_exec(char **argv)
{
	struct str path = STR_INIT;

	signal(SIGPIPE, SIG_DFL);
	/* Our own programs are in this program's folder. */
	if (strchr(argv[0], '/') == NULL) {
		proc_sibling(argv[0], &path);
		if (access(path.at, X_OK) == 0)
			execv(path.at, argv);
	}
	execvp(argv[0], argv);
	die(CONFIG, "start %s", argv[0]);
}

static int
session_exec(void *arg)
{
	const struct options *o = arg;

	program_exec(o->program);
}

/* Variables of this process are not passed to the program. */
static void
socket_give(int fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fd, 0) < 0)
		die(TEMP, "give the program its socket");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

_Noreturn void
program_become(const struct options *o, int fd)
{
	socket_give(fd);
	program_exec(o->program);
}

pid_t
program_start(const struct options *o, int channel)
{
	struct serve each = { .session = session_exec, .arg = (void *)o };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	socket_give(channel);
	if (setenv("LISTEN_CHANNEL", "1", 1) < 0)
		die(TEMP, "give the program its channel");
	if (o->keep)
		program_exec(o->program);
	/* The program does not support channels: fork and exec for each. */
	each.max = o->total;
	each.patience_s = o->workers ? SERVE_WORKER_S : 0;
	exit(serve(&each));
}

int
backoff_next(int before, int64_t started)
{
	if (before == 0 || clock_mono_ms() - started > BACKOFF_MAX_MS)
		return BACKOFF_MIN_MS;
	return 2 * before < BACKOFF_MAX_MS ? 2 * before : BACKOFF_MAX_MS;
}

void
restart_log(const struct options *o, int status, int wait_ms)
{
	struct logline l;

	log_start(&l, "restart");
	log_text(&l, "program", o->program[0]);
	log_number(&l, "exit",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	log_number(&l, "wait-ms", wait_ms);
	log_write(&l);
}
