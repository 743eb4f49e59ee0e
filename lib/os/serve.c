#include "os/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "os/sandbox.h"
#include "os/sock.h"

enum mode { ONE_SESSION, ACCEPT, CHANNEL };
enum {
	FD_SERVED = 0,
	CHILDREN_MAX = 1000,
	TICK_MS = 1000,
	GRACE_MS = 10000, /* for sessions to finish in, once we are to end */
};

struct child {
	pid_t pid;
	uint64_t number; /* listen's number of the connection */
};

struct parent {
	const struct serve *how;
	enum mode mode;
	int signals;
	struct child *children;
	size_t count, size;
	bool closing;      /* no more connections */
	int64_t ending_ms; /* since when we are to end; 0: not, or told */
	int64_t ticked;
	sigset_t inherited;
	struct str packet; /* the connection's facts */
};

static enum mode
mode_of(void)
{
	int listening = 0;
	socklen_t len = sizeof listening;

	if (getsockopt(FD_SERVED, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) <
	    0)
		return ONE_SESSION;
	if (listening)
		return ACCEPT;
	return getenv("LISTEN_CHANNEL") != NULL ? CHANNEL : ONE_SESSION;
}

bool
serve_is_parent(void)
{
	return mode_of() != ONE_SESSION;
}

/* The connection's facts go from the packet into the environment. */
static void
facts_take(struct span record)
{
	struct str value = STR_INIT;
	struct span key;

	while (record_next(&record, &key, &value))
		if (key.len > 0 && key.at[0] >= 'A' && key.at[0] <= 'Z') {
			char *name = mem_text(key);

			setenv(name, value.at, 1);
			free(name);
		}
	str_free(&value);
}

static _Noreturn void
child_run(struct parent *p, int connection, struct span facts)
{
	int code;

	if (p->mode == CHANNEL)
		facts_take(facts);
	close(p->signals);
	if (dup2(connection, 0) < 0 || dup2(connection, 1) < 0)
		_exit(TEMP);
	close(connection);
	if (p->mode == ACCEPT)
		facts_from_socket(0);
	/* Whoever started us may have blocked it for reasons of its own. */
	sigdelset(&p->inherited, SIGTERM);
	sigprocmask(SIG_SETMASK, &p->inherited, NULL);
	code = p->how->session(p->how->arg);
	if (SANDBOX_SANITIZED)
		exit(code); /* looks for leaks */
	_exit(code);        /* what is to be tidied up is the parent's */
}

static void
end_report(const struct parent *p, uint64_t number, int code)
{
	struct str record = STR_INIT;

	if (p->mode != CHANNEL)
		return;
	record_verb(&record, "end");
	record_add_number(&record, "n", (int64_t)number);
	record_add_number(&record, "exit", code);
	sock_send(FD_SERVED, str_span(&record), NULL, 0);
	str_free(&record);
}

static void
child_start(struct parent *p, int connection, struct span facts)
{
	uint64_t number = 0;
	pid_t pid;

	if (p->mode == CHANNEL)
		record_get_number(facts, "n", INT64_MAX, &number);
	pid = fork();
	if (pid == 0)
		child_run(p, connection, facts);
	close(connection);
	if (pid < 0) {
		struct logline l;

		log_start(&l, "fork");
		log_errno(&l);
		log_write(&l);
		end_report(p, number, TEMP);
		return;
	}
	if (p->count == p->size) {
		p->size = p->size == 0 ? 16 : 2 * p->size;
		p->children = mem_resize(
		    p->children, p->size, sizeof *p->children);
	}
	p->children[p->count++] = (struct child){ pid, number };
}

static void
children_reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->how->helper)
			die(TEMP, "the helper process has ended");
		for (size_t i = 0; i < p->count; i++) {
			if (p->children[i].pid != pid)
				continue;
			end_report(p, p->children[i].number,
			    WIFEXITED(status) ? WEXITSTATUS(status)
					      : 128 + WTERMSIG(status));
			p->children[i] = p->children[--p->count];
			break;
		}
	}
}

/* One new connection, if there is one. */
static void
connection_take(struct parent *p)
{
	int fds[FDS_MAX];
	size_t count = 0;
	int r;

	if (p->mode == ACCEPT) {
		fds[0] = accept4(FD_SERVED, NULL, NULL, SOCK_CLOEXEC);
		if (fds[0] >= 0)
			child_start(p, fds[0], SPAN(""));
		else if (errno != EAGAIN && errno != EINTR &&
		    errno != ECONNABORTED)
			poll(NULL, 0, 50); /* no descriptors, no memory */
		return;
	}
	r = sock_receive(FD_SERVED, MSG_DONTWAIT, &p->packet, fds, &count);
	if (r == 0)
		p->closing = true;
	if (r > 0 && count == 1)
		child_start(p, fds[0], str_span(&p->packet));
	else
		while (count > 0)
			close(fds[--count]);
}

static void
signals_take(struct parent *p)
{
	struct signalfd_siginfo s;

	while (read(p->signals, &s, sizeof s) == sizeof s)
		if (s.ssi_signo == SIGTERM) {
			p->ending_ms = clock_mono_ms();
			/* What listen has accepted is served: its channel
			 * ends after the last. */
			p->closing = p->closing || p->mode == ACCEPT;
		}
	children_reap(p);
}

static void
tick(struct parent *p)
{
	int64_t now = clock_mono_ms();

	if (p->how->tick != NULL && now - p->ticked >= TICK_MS) {
		p->ticked = now;
		p->how->tick(p->how->arg);
	}
}

/* A session that idles for half an hour must not hold up a restart: after the
 * grace it is ended. It has no 250 outstanding that is not on the disk. */
static void
sessions_end(struct parent *p)
{
	if (p->ending_ms == 0 || clock_mono_ms() - p->ending_ms < GRACE_MS)
		return;
	p->ending_ms = 0;
	for (size_t i = 0; i < p->count; i++)
		kill(p->children[i].pid, SIGTERM);
}

static int
serve_many(struct parent *p)
{
	unsigned max = p->how->max == 0 ? CHILDREN_MAX : p->how->max;
	sigset_t set;

	unsetenv("LISTEN_CHANNEL"); /* not for the children */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &p->inherited);
	if (p->mode == ACCEPT) /* a peer may be gone again before accept */
		fcntl(FD_SERVED, F_SETFL, O_NONBLOCK);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		die(TEMP, "signalfd");
	while (!p->closing || p->count > 0) {
		bool full = p->closing ||
		    (p->mode == ACCEPT && p->count >= max);
		struct pollfd fds[] = { { .fd = p->signals, .events = POLLIN },
			{ .fd = full ? -1 : FD_SERVED, .events = POLLIN } };

		bool timed = p->how->tick != NULL || p->ending_ms > 0;

		if (poll(fds, COUNT(fds), timed ? TICK_MS : -1) < 0 &&
		    errno != EINTR)
			die(TEMP, "poll");
		if (fds[0].revents != 0)
			signals_take(p);
		if (fds[1].revents != 0)
			connection_take(p);
		tick(p);
		sessions_end(p);
	}
	return DONE;
}

int
serve(const struct serve *s)
{
	struct parent p = { .how = s, .mode = mode_of(), .packet = STR_INIT };

	if (p.mode == ONE_SESSION) {
		facts_complete();
		return s->session(s->arg);
	}
	if (p.mode == CHANNEL)
		str_reserve(&p.packet, PACKET_MAX);
	return serve_many(&p);
}
