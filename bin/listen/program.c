/* The program behind the channel. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "listen.h"
#include "os/proc.h"
#include "os/serve.h"

static _Noreturn void
program_exec(char **argv)
{
	struct str path = STR_INIT;

	signal(SIGPIPE, SIG_DFL);
	/* A program of ours lies beside this one. */
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

pid_t
program_start(const struct options *o, int channel)
{
	struct serve each = { .session = session_exec, .arg = (void *)o };
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(channel, 0) < 0 || setenv("LISTEN_CHANNEL", "1", 1) < 0)
		die(TEMP, "give the program its channel");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (o->keep)
		program_exec(o->program);
	/* The program knows nothing of channels: fork and exec for each. */
	each.max = o->total;
	exit(serve(&each));
}
