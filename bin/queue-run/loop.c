#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "runner.h"
#include "spool/blank.h"

enum {
	EVENTS_SIZE = 65536,
	CLOSING_MS = 10000, /* wait this long for answers at the end */
	CLEAN_MS = 6 * 3600 * 1000,
	PAUSE_MAX_S = 3600, /* look again: the clock may have been set */
	CLOCK_STEP_S = 60,  /* less is not set, but drifts */
	RECONNECT_MS = 500,
	BLANK_MS = 1000,
	ALONE_MS = 5000, /* -1 waits this long for a worker to come back */
};

static void
events_read(struct runner *r)
{
	static _Alignas(struct inotify_event) char events[EVENTS_SIZE];
	ssize_t n = read(r->inotify, events, sizeof events);

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(events + at);

		if (e->mask & IN_Q_OVERFLOW)
			start_new(r, false);
		else if (e->len > 0)
			queue_add(&r->queue, span_text(e->name));
		at += (ssize_t)(sizeof *e + e->len);
	}
}

static void
signals_read(struct runner *r)
{
	struct signalfd_siginfo s;

	while (read(r->signals, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGHUP)
			entries_wake(r);
		else if (s.ssi_signo != SIGCHLD)
			r->closing = true;
	}
}

/* Messages whose state could not be written. */
static void
stuck_try(struct runner *r)
{
	int64_t now = clock_mono_ms();

	while (r->stuck.first != NULL && r->stuck.first->stuck_ms <= now) {
		struct work *w = list_pop(&r->stuck);

		r->in_hand++;
		work_settle(r, w);
	}
}

static size_t
outstanding(const struct runner *r)
{
	size_t n = 0;

	for (size_t i = 0; i < POOLS; i++)
		n += r->pools[i].outstanding;
	return n;
}

static bool
is_over(struct runner *r)
{
	if (r->closing) {
		if (r->closing_ms == 0)
			r->closing_ms = clock_mono_ms() + CLOSING_MS;
		return outstanding(r) == 0 || clock_mono_ms() > r->closing_ms;
	}
	if (!r->once || r->in_hand > 0 || share_waits(r) ||
	    queue_pause(&r->queue, clock_wall_s()) == 0)
		return false;
	/* What was renamed into new/ has its event already. */
	events_read(r);
	return queue_pause(&r->queue, clock_wall_s()) != 0;
}

/* One pass does not wait for ever for workers. */
static void
alone_check(struct runner *r)
{
	int64_t now = clock_mono_ms();

	bool remote = share_waits(r);

	if (!r->once || (remote && r->pools[REMOTE].count > 0) ||
	    (!remote && r->pools[LOCAL].count > 0))
		r->alone_ms = now;
	else if (now - r->alone_ms > ALONE_MS) {
		r->exit = TEMP;
		r->closing = true;
	}
}

/* A clock that was set back must not make what waits wait for that time too.
 * Set ahead, it makes things due early: no harm (retry_over()). */
static void
clock_check(struct runner *r)
{
	int64_t now = clock_wall_s() - clock_mono_ms() / 1000;

	if (now < r->clock_s - CLOCK_STEP_S)
		queue_shift(&r->queue, now - r->clock_s);
	r->clock_s = now;
}

/* Blanks are for busy times: when none has come for a while they go. */
static void
blanks_check(struct runner *r)
{
	if (!r->blanks ||
	    (!r->closing && clock_mono_ms() - r->blank_ms < BLANK_MS))
		return;
	blank_purge(&r->spool);
	r->blanks = false;
}

/* Workers that send are there while there is something to be sent: each is a
 * process. */
static void
idle_check(struct runner *r)
{
	struct pool *p = &r->pools[REMOTE];
	struct connection *c;

	while ((c = pool_spare(p, clock_mono_ms())) != NULL) {
		share_lost(r, c);
		pool_dismiss(p, c);
	}
}

/* What waits for a program that sends learns that there is none, and why it has
 * to wait longer. */
static void
absent_check(struct runner *r)
{
	if (!r->once && !r->closing && share_waits(r) &&
	    !pool_exists(&r->pools[REMOTE]))
		remote_absent(r);
}

static int
no_later_than(int64_t ms, int64_t at)
{
	int64_t left = at == INT64_MAX ? ms : at - clock_mono_ms();

	return (int)(left < 0 ? 0 : left < ms ? left : ms);
}

/* Milliseconds to wait for events. */
static int
pause_ms(const struct runner *r)
{
	int64_t s = queue_pause(&r->queue, clock_wall_s());

	if (s == 0 && work_room(r) && !r->closing)
		return 0;
	/* Something is due but no worker took it: busy ones will answer, and
	 * missing ones are looked for again. */
	if (s == 0 || r->to_send.first != NULL || share_waits(r) || r->closing)
		return RECONNECT_MS;
	if (r->stuck.first != NULL || r->blanks)
		return BLANK_MS;
	return no_later_than(
	    (s < 0 || s > PAUSE_MAX_S ? PAUSE_MAX_S : s) * 1000,
	    pool_spare_ms(&r->pools[REMOTE]));
}

/* After the signals, inotify, and those of the control. */
enum { POLL_CONTROL = 2, POLL_FIRST = POLL_CONTROL + CONTROL_FDS };
struct polled {
	struct pollfd *fds;
	struct connection **connections;
	struct pool **pools;
	size_t count, size;
};

static void
polled_fill(struct runner *r, struct polled *p)
{
	int control[CONTROL_FDS];

	control_fds(r->control, control);
	for (size_t i = 0; i < CONTROL_FDS; i++)
		p->fds[POLL_CONTROL + i] = (struct pollfd){ .fd = control[i],
			.events = POLLIN };
	p->count = POLL_FIRST;
	for (size_t i = 0; i < POOLS; i++)
		for (size_t k = 0; k < r->pools[i].count; k++) {
			struct connection *c = r->pools[i].connections[k];

			p->fds[p->count] = (struct pollfd){ .fd = c->fd,
				.events = POLLIN };
			p->pools[p->count] = &r->pools[i];
			p->connections[p->count++] = c;
		}
}

static void
polled_init(struct runner *r, struct polled *p)
{
	p->size = POLL_FIRST;
	for (size_t i = 0; i < POOLS; i++)
		p->size += r->pools[i].max;
	p->fds = mem_resize(NULL, p->size, sizeof *p->fds);
	p->connections = mem_resize(NULL, p->size, sizeof *p->connections);
	p->pools = mem_resize(NULL, p->size, sizeof *p->pools);
	p->fds[0] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
	p->fds[1] = (struct pollfd){ .fd = r->inotify, .events = POLLIN };
}

static void
polled_free(struct polled *p)
{
	free(p->fds);
	free(p->connections);
	free(p->pools);
}

static bool
dest_abandon(struct dest *d, void *runner)
{
	for (struct part *p = d->parts.first; p != NULL; p = p->after)
		work_abandon(runner, p->work);
	return true;
}

static void
connection_abandon(struct runner *r, const struct connection *c)
{
	for (size_t i = 0; i < c->count; i++)
		work_abandon(r, c->jobs[i].work);
}

/* Note at the end what is known of messages that are not finished. */
static void
works_abandon(struct runner *r)
{
	struct work *w;

	while ((w = list_pop(&r->to_send)) != NULL)
		work_abandon(r, w);
	while ((w = list_pop(&r->stuck)) != NULL)
		work_abandon(r, w);
	/* And those that wait for nothing but workers. */
	dests_each(&r->dests, dest_abandon, r);
	for (size_t i = 0; i < POOLS; i++)
		for (size_t k = 0; k < r->pools[i].count; k++)
			connection_abandon(r, r->pools[i].connections[k]);
}

static void
turn(struct runner *r, struct polled *p)
{
	polled_fill(r, p);
	if (poll(p->fds, p->count, pause_ms(r)) < 0)
		return;
	if (p->fds[0].revents != 0)
		signals_read(r);
	/* Answers first: they make room for what is new. No connection of
	 * the list is closed but by its own turn. */
	for (size_t i = POLL_FIRST; i < p->count; i++)
		if (p->fds[i].revents != 0)
			answer_read(r, p->pools[i], p->connections[i]);
	if (p->fds[1].revents != 0)
		events_read(r);
	for (size_t i = 0; i < CONTROL_FDS; i++)
		if (p->fds[POLL_CONTROL + i].revents != 0)
			control_read(r, i);
	stuck_try(r);
	alone_check(r);
	blanks_check(r);
	idle_check(r);
	absent_check(r);
	clock_check(r);
	if (clock_mono_ms() - r->cleaned_ms > CLEAN_MS)
		start_clean(r);
}

int
loop(struct runner *r)
{
	struct polled p;
	struct logline l;

	polled_init(r, &p);
	r->alone_ms = clock_mono_ms();
	r->clock_s = clock_wall_s() - clock_mono_ms() / 1000;
	for (;;) {
		if (!r->closing)
			work_go_on(r);
		history_write(&r->history, clock_wall_s());
		if (is_over(r))
			break;
		turn(r, &p);
	}
	works_abandon(r);
	history_write(&r->history, clock_wall_s());
	polled_free(&p);
	log_start(&l, "end");
	log_number(&l, "messages", (int64_t)r->queue.count);
	log_write(&l);
	return r->exit;
}
