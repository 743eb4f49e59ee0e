/* A program that accepts by itself and ends when idle: it is started when a
 * connection waits in the socket. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "listen.h"
#include "os/proc.h"

struct waiter {
	const struct options *options;
	int fd;        /* the listening socket */
	int signals;   /* a signalfd */
	pid_t program; /* -1: not running */
	bool closing;
	int64_t started;
	int backoff_ms; /* 0: it last ended normally */
};

static void
program_ended(struct waiter *w, int status)
{
	w->program = -1;
	w->backoff_ms = status == 0 ? 0
				    : backoff_next(w->backoff_ms, w->started);
	if (status != 0 && !w->closing)
		restart_log(w->options, status, w->backoff_ms);
}

static void
signals_take(struct waiter *w)
{
	struct signalfd_siginfo s;
	int status;
	pid_t pid;

	while (read(w->signals, &s, sizeof s) == sizeof s)
		if (s.ssi_signo != SIGCHLD) {
			w->closing = true;
			if (w->program > 0)
				kill(w->program, SIGTERM);
		}
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == w->program)
			program_ended(w, status);
}

static void
program_begin(struct waiter *w)
{
	pid_t self = getpid();

	w->started = clock_mono_ms();
	w->program = fork();
	if (w->program < 0)
		die(TEMP, "fork");
	if (w->program == 0) {
		/* A killed listen is restarted with a new socket: the old one's
		 * program would never be used again. */
		proc_end_with_parent(SIGTERM);
		if (getppid() != self) /* it was killed before that */
			_exit(TEMP);
		program_become(w->options, w->fd);
	}
}

int
wait_run(
    const struct options *o, const struct listener *l, const sigset_t *signals)
{
	struct waiter w = { .options = o,
		.fd = l->fd,
		.signals = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK),
		.program = -1 };

	if (w.signals < 0)
		die(TEMP, "signalfd");
	while (!w.closing || w.program > 0) {
		bool away = w.program < 0 && !w.closing;
		int64_t rest = w.started + w.backoff_ms - clock_mono_ms();
		bool resting = away && w.backoff_ms > 0 && rest > 0;
		struct pollfd p[] = { { w.signals, POLLIN, 0 },
			{ away && !resting ? w.fd : -1, POLLIN, 0 } };

		if (poll(p, COUNT(p), resting ? (int)rest : -1) < 0 &&
		    errno != EINTR)
			die(TEMP, "poll");
		if (p[0].revents != 0)
			signals_take(&w);
		if (p[1].revents != 0 && !w.closing)
			program_begin(&w);
	}
	return DONE;
}
