/* The filters of one file, joined stdin to stdout; see filter.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "commands/filter.h"
#include "commands/last_line.h"
#include "os/conf.h"
#include "os/sock.h"

struct filter {
	pid_t pid;
	int watch;             /* readable: it has ended; -1: reaped */
	int errors;            /* its stderr; -1 once it is closed */
	struct last_line said; /* from errors */
};

struct pipeline {
	struct filter filters[FILTERS_MAX];
	size_t count;
	pid_t group;
	int from;   /* input of the next one */
	int caller; /* hung up: the verdict is no longer wanted */
};

static _Noreturn void
command_exec(const char *command, int in, int out, int errors)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(errors, STDERR_FILENO) < 0)
		_exit(TEMP);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(TEMP);
}

/* Start the next filter, which writes to out (-1: to a pipe). */
static int
filter_start(struct pipeline *p, struct span command, int out)
{
	struct filter *f = &p->filters[p->count];
	int errors[2] = { -1, -1 }, joint[2] = { -1, -1 };

	if (pipe2(errors, O_CLOEXEC) < 0 ||
	    (out < 0 && pipe2(joint, O_CLOEXEC) < 0))
		return -1;
	*f = (struct filter){
		.watch = -1, .errors = errors[0], .said = { .text = STR_INIT }
	};
	f->pid = fork();
	if (f->pid == 0) {
		setpgid(0, p->group);
		command_exec(mem_text(command), p->from,
		    out < 0 ? joint[1] : out, errors[1]);
	}
	close(errors[1]);
	close(p->from);
	if (joint[1] >= 0)
		close(joint[1]);
	p->from = joint[0];
	if (f->pid < 0)
		return -1;
	f->watch = (int)syscall(SYS_pidfd_open, f->pid, 0);
	if (p->group == 0)
		p->group = f->pid;
	setpgid(f->pid, p->group);
	p->count++;
	return 0;
}

/* Handle one filter's events; false if it has ended and closed stderr. */
static bool
filter_hear(struct filter *f, struct pollfd *errors, struct pollfd *watch)
{
	if (errors->revents != 0 && !last_line_read(&f->said, f->errors)) {
		close(f->errors);
		f->errors = -1;
	}
	if (watch->revents != 0) {
		close(f->watch);
		f->watch = -1;
	}
	*errors = (struct pollfd){ f->errors, POLLIN, 0 };
	*watch = (struct pollfd){ f->watch, POLLIN, 0 };
	return f->errors >= 0 || f->watch >= 0;
}

/* Read their stderr until all have closed it and ended; -1: timeout, or the
 * caller has gone. */
static int
filters_follow(struct pipeline *p, uint64_t seconds)
{
	int64_t until = clock_mono_ms() + (int64_t)seconds * 1000;
	struct pollfd fds[2 * FILTERS_MAX + 1] = { { 0 } };
	struct pollfd *caller = &fds[2 * p->count];

	for (;;) {
		int64_t left = until - clock_mono_ms();
		bool more = false;

		for (size_t i = 0; i < p->count; i++)
			more |= filter_hear(
			    &p->filters[i], &fds[2 * i], &fds[2 * i + 1]);
		if (!more)
			return 0;
		if (left <= 0 || caller->revents != 0)
			return -1;
		*caller = (struct pollfd){ .fd = p->caller };
		if (poll(fds, 2 * p->count + 1, (int)left) < 0) {
			if (errno != EINTR)
				return -1;
			for (size_t i = 0; i <= 2 * p->count; i++)
				fds[i].revents = 0;
		}
	}
}

/* An exit status as a verdict: codes of sysexits.h and 1 may be permanent.
 * Anything else (a missing database, a command not found, a signal) is
 * temporary. */
static int
verdict_of(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : TEMP;

	if (code == DONE || code == 1 || code == DROP ||
	    (code >= USAGE && code <= CONFIG))
		return code;
	return TEMP;
}

static bool
is_broken_pipe(int status)
{
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGPIPE);
}

/* Use the filter's last line for the reply. With a code outside the convention,
 * or from a shell, the line goes only to the log. */
static void
words_tell(const struct filter *f, int status, struct filter_verdict *v_r)
{
	struct span words = str_span(&f->said.text);
	struct logline l;

	str_clear(&v_r->text);
	if (v_r->code == DONE || v_r->code == DROP)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == v_r->code &&
	    !last_line_is_shells(words)) {
		str_set(&v_r->text, words);
		return;
	}
	log_start(&l, "filter");
	log_text(&l, "id", fact("MESSAGE_ID"));
	if (WIFEXITED(status))
		log_number(&l, "exit", WEXITSTATUS(status));
	else
		log_number(&l, "signal", WTERMSIG(status));
	log_span(&l, "text", words);
	log_write(&l);
}

/* The first that failed decides, disregarding SIGPIPE. */
static void
verdicts_collect(struct pipeline *p, struct filter_verdict *v_r)
{
	bool broken = false;

	v_r->code = DONE;
	for (size_t i = 0; i < p->count; i++) {
		struct filter *f = &p->filters[i];
		int status;

		if (waitpid(f->pid, &status, 0) < 0)
			status = SIGKILL;
		broken |= is_broken_pipe(status);
		if (v_r->code == DONE && !is_broken_pipe(status)) {
			v_r->code = verdict_of(status);
			words_tell(f, status, v_r);
		}
		str_free(&f->said.text);
		if (f->errors >= 0)
			close(f->errors);
		if (f->watch >= 0)
			close(f->watch);
	}
	if (broken && v_r->code == DONE)
		v_r->code = TEMP;
	if (v_r->code == DONE)
		str_clear(&v_r->text);
}

/* Start them all; the next line is read ahead to know which is the last. */
static int
filters_start(struct pipeline *p, struct conf_list *l, int out)
{
	struct span command, next;
	bool more = conf_next(l, &command);

	while (more) {
		more = conf_next(l, &next);
		if (p->count == FILTERS_MAX ||
		    filter_start(p, command, more ? -1 : out) < 0)
			return -1;
		command = next;
	}
	return p->count > 0 ? 0 : -1;
}

void
pipeline_run(int etc, const char *file, const int fds[FILTER_FDS],
    uint64_t seconds, struct filter_verdict *v_r)
{
	struct pipeline p = { .from = fds[FILTER_IN],
		.caller = fds[FILTER_CALLER] };
	off_t before = lseek(fds[FILTER_OUT], 0, SEEK_END);
	struct conf_list l;
	bool ok = conf_list_open(&l, etc, file) &&
	    filters_start(&p, &l, fds[FILTER_OUT]) == 0;

	conf_list_close(&l);
	if (ok && filters_follow(&p, seconds) < 0) {
		ok = false;
		str_clear(&p.filters[0].said.text);
	}
	if (!ok && p.group > 0)
		kill(-p.group, SIGKILL);
	verdicts_collect(&p, v_r);
	/* An empty message can't be a filter's result. */
	if (!ok ||
	    (v_r->code == DONE &&
		lseek(fds[FILTER_OUT], 0, SEEK_END) == before))
		v_r->code = TEMP;
}
