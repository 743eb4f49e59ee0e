/* The filters of one file, joined stdin to stdout; see filter.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/io.h"
#include "base/log.h"
#include "filter.h"
#include "os/conf.h"

enum { FILTERS_MAX = 32, LINE_KEPT = 300 };

struct filter {
	pid_t pid;
	int errors;      /* its stderr; -1 once it is closed */
	struct str line; /* the last one it wrote, perhaps not ended */
	bool ended;      /* the line was; the next byte begins another */
};

struct pipeline {
	struct filter filters[FILTERS_MAX];
	size_t count;
	pid_t group;
	int from; /* what the next one reads */
};

static _Noreturn void
command_exec(const char *command, int in, int out, int errors)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(errors, STDERR_FILENO) < 0)
		_exit(TEMP);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(TEMP);
}

/* Start one more, which writes to out (-1: to a pipe for the next). */
static int
filter_start(struct pipeline *p, struct span command, int out)
{
	struct filter *f = &p->filters[p->count];
	int errors[2] = { -1, -1 }, joint[2] = { -1, -1 };

	if (pipe2(errors, O_CLOEXEC) < 0 ||
	    (out < 0 && pipe2(joint, O_CLOEXEC) < 0))
		return -1;
	*f = (struct filter){ .errors = errors[0], .line = STR_INIT };
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
	if (p->group == 0)
		p->group = f->pid;
	setpgid(f->pid, p->group);
	p->count++;
	return 0;
}

static void
errors_read(struct filter *f)
{
	char bytes[4096];
	ssize_t n = read(f->errors, bytes, sizeof bytes);

	if (n <= 0) {
		close(f->errors);
		f->errors = -1;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			f->ended = true;
			continue;
		}
		if (f->ended)
			str_clear(&f->line);
		f->ended = false;
		if (f->line.len < LINE_KEPT)
			str_add_byte(&f->line, bytes[i]);
	}
}

/* Read what they complain of until all have closed it; -1: time is up. */
static int
errors_follow(struct pipeline *p, uint64_t seconds)
{
	int64_t until = clock_mono_ms() + (int64_t)seconds * 1000;

	for (;;) {
		struct pollfd fds[FILTERS_MAX];
		int64_t left = until - clock_mono_ms();
		bool open = false;

		for (size_t i = 0; i < p->count; i++) {
			fds[i] = (struct pollfd){ p->filters[i].errors, POLLIN,
				0 };
			open |= fds[i].fd >= 0;
		}
		if (!open)
			return 0;
		if (left <= 0 || poll(fds, p->count, (int)left) == 0)
			return -1;
		for (size_t i = 0; i < p->count; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0)
				errors_read(&p->filters[i]);
	}
}

/* An exit status as a verdict: sysexits.h and a plain 1 can refuse for good.
 * Anything else (a filter that lacks its database, a shell that can't find it,
 * a signal) may do better later. */
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

/* The first that failed decides; one that only lost its reader did not. */
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
			str_set(&v_r->text, str_span(&f->line));
		}
		str_free(&f->line);
		if (f->errors >= 0)
			close(f->errors);
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
pipeline_run(
    int etc, const struct filter_request *r, struct filter_verdict *v_r)
{
	struct pipeline p = { .from = r->in };
	off_t before = lseek(r->out, 0, SEEK_END);
	struct conf_list l;
	bool ok = conf_list_open(&l, etc, r->file) &&
	    filters_start(&p, &l, r->out) == 0;

	conf_list_close(&l);
	if (ok && errors_follow(&p, r->seconds) < 0) {
		ok = false;
		str_set(&p.filters[0].line, SPAN(""));
	}
	if (!ok && p.group > 0)
		kill(-p.group, SIGKILL);
	verdicts_collect(&p, v_r);
	/* A message without a byte is no filter's answer. */
	if (!ok || (v_r->code == DONE && lseek(r->out, 0, SEEK_END) == before))
		v_r->code = TEMP;
}
