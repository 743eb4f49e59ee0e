#include "os/serve.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "os/heap.h"
#include "os/proc.h"
#include "os/serve_inside.h"

enum {
	FD_SERVED = 0,
	CHILDREN_MAX = 1000,
	TABLE_SIZE = 4096,
	TICK_MS = 1000,
	GRACE_MS = 10000, /* for sessions to finish before we end */
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

static char *
number_put(char *to, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return mempcpy(to, digits + at, sizeof digits - at);
}

static void
end_report(const struct parent *p, uint64_t number, unsigned code)
{
	char record[64], *end = record;

	if (p->mode != CHANNEL)
		return;
	end = number_put(stpcpy(end, "end n="), number);
	end = number_put(stpcpy(end, " exit="), code);
	sock_send(FD_SERVED, (struct span){ record, (size_t)(end - record) },
	    NULL, 0);
}

/* Make room for one more in the table, which children don't share. */
static void
children_grow(struct parent *p)
{
	size_t old = p->size * sizeof *p->children,
	       size = old == 0 ? TABLE_SIZE : 2 * old;
	void *at = old == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			    : mremap(p->children, old, size, MREMAP_MAYMOVE);

	if (at == MAP_FAILED)
		die(TEMP, "memory for %zu bytes", size);
	madvise(at, size, MADV_DONTFORK);
	p->children = at;
	p->size = size / sizeof *p->children;
}

/* Never inlined: a log line takes a page of the stack. */
static __attribute__((noinline)) void
fork_failed(void)
{
	struct logline l;

	log_start(&l, "fork");
	log_errno(&l);
	log_write(&l);
}

static void
child_start(struct parent *p, int connection)
{
	uint64_t number = 0;
	pid_t pid;

	if (p->mode == CHANNEL)
		record_get_number(
		    span_text(p->facts.record), "n", INT64_MAX, &number);
	pid = serve_fork(p, connection);
	close(connection);
	if (pid < 0) {
		fork_failed();
		end_report(p, number, TEMP);
		return;
	}
	if (p->count == p->size)
		children_grow(p);
	p->children[p->count++] = (struct child){ pid, number };
	if (p->told && p->how->ending == NULL) /* it was already accepted */
		kill(pid, SIGTERM);
}

static void
children_reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->how->helper)
			die_text(TEMP, "the helper process has ended");
		serve_forget(p, pid);
		for (size_t i = 0; i < p->count; i++) {
			if (p->children[i].pid != pid)
				continue;
			end_report(p, p->children[i].number,
			    WIFEXITED(status)
				? (unsigned)WEXITSTATUS(status)
				: 128U + (unsigned)WTERMSIG(status));
			p->children[i] = p->children[--p->count];
			break;
		}
	}
}

/* Take one new connection, if any. */
static void
connection_take(struct parent *p)
{
	int fds[FDS_MAX];
	size_t count = 0;
	ssize_t r;

	if (p->mode == ACCEPT) {
		fds[0] = accept4(FD_SERVED, NULL, NULL, SOCK_CLOEXEC);
		if (fds[0] >= 0 && serve_again(p, fds[0]))
			close(fds[0]);
		else if (fds[0] >= 0)
			child_start(p, fds[0]);
		else if (errno != EAGAIN && errno != EINTR &&
		    errno != ECONNABORTED)
			poll(NULL, 0, 50); /* no descriptors, no memory */
		return;
	}
	r = sock_take(FD_SERVED, MSG_DONTWAIT, p->facts.record,
	    sizeof p->facts.record - 1, fds, &count);
	if (r == 0)
		p->closing = true;
	if (r > 0)
		p->facts.record[r] = '\0';
	if (r > 0 && count == 1)
		child_start(p, fds[0]);
	else
		while (count > 0)
			close(fds[--count]);
}

/* Exec'd workers are told by a signal, those of a sandboxed process by closing
 * the other end of a pipe. */
static void
workers_tell(struct parent *p)
{
	p->told = true;
	if (p->how->ending != NULL)
		close(p->tell);
	else
		for (size_t i = 0; i < p->count; i++)
			kill(p->children[i].pid, SIGTERM);
}

static void
signals_take(struct parent *p)
{
	struct signalfd_siginfo s;

	while (read(p->signals, &s, sizeof s) == sizeof s)
		if (s.ssi_signo == SIGTERM) {
			p->ending_ms = clock_mono_ms();
			if (p->how->patience_s > 0 && !p->told)
				workers_tell(p);
			/* Connections that listen has accepted are served: its
			 * channel ends after the last. */
			p->closing = p->closing || p->mode == ACCEPT;
			serve_forget(p, 0);
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

/* A session that idles for half an hour must not delay a restart: it is ended
 * after the grace period, as every 250 it sent is on disk. A worker may be
 * awaiting one, but will end by itself. Sandboxed processes can't signal each
 * other; the sessions end with their parent (child_run()). */
static bool
grace_over(const struct parent *p)
{
	int64_t grace = p->how->patience_s > 0
	    ? (int64_t)p->how->patience_s * 1000
	    : GRACE_MS;

	return p->ending_ms != 0 && clock_mono_ms() - p->ending_ms >= grace;
}

/* Idle for idle_s. New connections wait in the socket for the next process. */
static bool
idle_over(struct parent *p)
{
	int64_t now = clock_mono_ms();

	if (p->how->idle_s == 0 || p->mode != ACCEPT)
		return false;
	if (p->count > 0)
		p->idle_ms = now;
	return now - p->idle_ms >= (int64_t)p->how->idle_s * 1000;
}

/* Not while a worker, which may last for long, is running: new connections
 * would wait for its end. */
static bool
is_stale(const struct parent *p)
{
	return p->mode == ACCEPT && p->how->stale != NULL &&
	    (p->count == 0 || p->how->patience_s == 0) &&
	    p->how->stale(p->how->arg);
}

/* Before the first connection. */
static void
parent_prepare(struct parent *p)
{
	sigset_t set;

	unsetenv("LISTEN_CHANNEL"); /* not for the children */
	facts_prepare(&p->facts);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &p->inherited);
	if (p->mode == ACCEPT) /* a peer may disconnect before accept */
		fcntl(FD_SERVED, F_SETFL, O_NONBLOCK);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signals < 0)
		die(TEMP, "signalfd");
	if (p->how->ending != NULL) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			die(TEMP, "pipe");
		p->hear = ends[0];
		p->tell = ends[1];
	}
	p->idle_ms = clock_mono_ms();
	children_grow(p);
	heap_settle();
}

static __attribute__((noinline)) int
serve_many(const struct serve *how, enum mode mode)
{
	struct parent p = { .how = how, .mode = mode };
	unsigned max = how->max == 0 ? CHILDREN_MAX : how->max;

	parent_prepare(&p);
	while ((!p.closing || p.count > 0) && !grace_over(&p)) {
		bool full = p.closing || (mode == ACCEPT && p.count >= max);
		struct pollfd fds[] = { { .fd = p.signals, .events = POLLIN },
			{ .fd = full ? -1 : FD_SERVED, .events = POLLIN } };
		bool timed = how->tick != NULL || p.ending_ms > 0 ||
		    how->idle_s > 0;

		if (poll(fds, COUNT(fds), timed ? TICK_MS : -1) < 0 &&
		    errno != EINTR)
			die(TEMP, "poll");
		if (fds[0].revents != 0)
			signals_take(&p);
		p.closing = p.closing || idle_over(&p) ||
		    (fds[1].revents != 0 && is_stale(&p));
		if (fds[1].revents != 0 && !p.closing)
			connection_take(&p);
		tick(&p);
	}
	facts_leave(&p.facts);
	return DONE;
}

int
serve(const struct serve *s)
{
	enum mode mode = mode_of();
	volatile char *here;

	if (mode == ONE_SESSION) {
		facts_complete();
		return s->session(s->arg);
	}
	/* Make the stack continue at the start of a page. */
	/* cppcheck-suppress allocaCalled */
	here = alloca(1);
	/* cppcheck-suppress allocaCalled */
	here = alloca((uintptr_t)here % (uintptr_t)sysconf(_SC_PAGESIZE) + 1);
	here[0] = 0;
	return serve_many(s, mode);
}
