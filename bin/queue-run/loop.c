#include "loop.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "control.h"
#include "dispatcher.h"
#include "entry.h"
#include "finish.h"
#include "recover.h"
#include "replies.h"
#include "scan.h"
#include "scheduler.h"
#include "spool/blank.h"

enum {
	LOCKED_MS = 2000, /* -1 waits this long for a lock */
	BLOCKED_MS = 1000,
	NOTES_MS = 1000,
	CLEAN_MS = 6 * 3600 * 1000,
	PAUSE_MAX_S = 3600, /* check again: the clock may have been set */
	CLOCK_STEP_S = 60,  /* smaller differences are drift */
	RECONNECT_MS = 500,
	BLANK_MS = 1000,
	ALONE_MS = 5000, /* -1 waits this long for a worker to come back */
};

static void
signals_read(struct runner *r)
{
	struct signalfd_siginfo s;

	while (read(r->signals, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGHUP) {
			entries_wake(r);
		} else if (s.ssi_signo != SIGCHLD) {
			/* The second signal ends without waiting. */
			runner_close(r, r->closing ? 0 : CLOSING_MS);
		}
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

/* -1 waits briefly for messages still locked by an earlier process's worker. */
static bool
waits_for_lock(const struct runner *r)
{
	return r->locked_ms > 0 && clock_mono_ms() - r->locked_ms < LOCKED_MS;
}

static bool
is_over(struct runner *r)
{
	if (r->closing)
		return (outstanding(r) == 0 && r->ready.count == 0) ||
		    clock_mono_ms() > r->closing_ms;
	if (r->once && runner_is_blocked(r) && outstanding(r) == 0) {
		r->exit = TEMP;
		return true;
	}
	if (!r->once || r->hand.count > 0 || share_waits(r) ||
	    queue_pause(&r->queue, clock_wall_s()) == 0 || waits_for_lock(r))
		return false;
	/* Files renamed into new/ have already caused events. */
	scan_events(r);
	return queue_pause(&r->queue, clock_wall_s()) != 0;
}

/* -1 does not wait for workers forever. */
static void
alone_check(struct runner *r)
{
	int64_t now = clock_mono_ms();

	bool remote = share_waits(r);

	if (!r->once || (remote && r->pools[REMOTE].count > 0) ||
	    (!remote && r->pools[LOCAL].count > 0) || waits_for_lock(r))
		r->alone_ms = now;
	else if (now - r->alone_ms > ALONE_MS) {
		r->exit = TEMP;
		runner_close(r, 0);
	}
}

/* A clock set back must not delay waiting messages by that time. A clock set
 * ahead makes them due early, which is harmless (retry_over()). */
static void
clock_check(struct runner *r)
{
	int64_t now = clock_wall_s() - clock_mono_ms() / 1000;

	if (now < r->clock_s - CLOCK_STEP_S)
		queue_shift(&r->queue, now - r->clock_s);
	r->clock_s = now;
}

/* Blanks are for busy times: remove them when none was made for a while. */
static void
blanks_check(struct runner *r)
{
	if (!r->blanks ||
	    (!r->closing && clock_mono_ms() - r->blank_ms < BLANK_MS))
		return;
	blank_purge(&r->spool);
	r->blanks = false;
}

/* End sending workers, each a process, when there is nothing to send. */
static void
idle_check(struct runner *r)
{
	struct pool *p = &r->pools[REMOTE];
	struct connection *c;

	while ((c = pool_spare(p, clock_mono_ms())) != NULL) {
		connection_leave(r, c);
		pool_dismiss(p, c);
	}
}

/* Defer mail for other hosts, with the reason, when there is no sending
 * program. */
static void
absent_check(struct runner *r)
{
	if (!r->once && !r->closing && share_waits(r) &&
	    !pool_exists(&r->pools[REMOTE]))
		dispatcher_absent(r);
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

	if (r->ready.count > 0)
		return 0;
	if (runner_is_blocked(r))
		return BLOCKED_MS;
	if (r->unsorted.count > 0 && !r->closing)
		return 0;
	if (s == 0 && scheduler_room(r) && !r->closing)
		return 0;
	/* Something is due but no worker took it: busy ones will answer, and
	 * missing ones are looked for again. */
	if (s == 0 || r->line.first != NULL || share_waits(r) || r->closing)
		return RECONNECT_MS;
	if (r->blanks || waits_for_lock(r) || notes_are_open(&r->notes))
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
		p->size += pool_room(&r->pools[i]);
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

/* Read the notes of earlier processes until no process can add to them. */
static void
notes_check(struct runner *r)
{
	if (notes_are_open(&r->notes) &&
	    clock_mono_ms() - r->noted_ms > NOTES_MS) {
		r->noted_ms = clock_mono_ms();
		recover_notes(r, NULL);
	}
}

static void
events_take(struct runner *r, struct polled *p)
{
	if (p->fds[0].revents != 0)
		signals_read(r);
	/* Answers first: they make room for new jobs. A connection in the list
	 * is only closed at its own turn. */
	for (size_t i = POLL_FIRST; i < p->count; i++)
		if (p->fds[i].revents != 0)
			replies_read(r, p->pools[i], p->connections[i]);
	if (p->fds[1].revents != 0)
		scan_events(r);
	for (size_t i = 0; i < CONTROL_FDS; i++)
		if (p->fds[POLL_CONTROL + i].revents != 0)
			control_read(r, i);
}

static void
checks(struct runner *r)
{
	alone_check(r);
	blanks_check(r);
	idle_check(r);
	absent_check(r);
	clock_check(r);
	notes_check(r);
	if (clock_mono_ms() - r->cleaned_ms > CLEAN_MS)
		scan_clean(r);
}

/* Process events: results first, then due messages. */
static void
work(struct runner *r)
{
	struct destination *d;

	finish_stuck(r, false);
	for (size_t n = r->ready.count; n > 0; n--)
		finish_step(r, message_pop(&r->ready));
	if (runner_is_blocked(r) || r->closing)
		return;
	scheduler_places(r);
	scheduler_go(r);
	dispatcher_local(r);
	while ((d = share_go(r)) != NULL)
		scheduler_parked(r, d);
}

/* Make this turn's notes safe, so that the next steps may follow. */
static void
results_sync(struct runner *r)
{
	struct logline l;

	history_write(&r->history, clock_wall_s());
	if (journal_sync(&r->journal) == 0) {
		finish_synced(r);
		r->unsafe = false;
	} else if (!r->unsafe) {
		r->unsafe = true;
		log_start(&l, "stuck");
		log_text(&l, "what", "sync the journal");
		log_errno(&l);
		log_write(&l);
	}
}

/* Remove older files of notes once their results are safe elsewhere. */
static void
notes_trim(struct runner *r)
{
	uint64_t least = r->notes.number, of;

	if (!notes_are_left(&r->notes) || !runner_is_safe(r))
		return;
	for (size_t i = LOCAL; i <= REMOTE; i++) {
		of = pool_notes(&r->pools[i]);
		if (of < least)
			least = of;
	}
	notes_drop(&r->notes, least);
}

/* Handing out has stopped: note all answers as far as possible. */
static void
loop_end(struct runner *r)
{
	runner_close(r, 0);
	do {
		finish_all(r);
		results_sync(r);
	} while (r->ready.count > 0 && !runner_is_blocked(r));
	notes_close(&r->notes, outstanding(r) == 0 && runner_is_safe(r));
	journal_close(&r->journal);
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
		work(r);
		results_sync(r);
		notes_trim(r);
		if (is_over(r))
			break;
		polled_fill(r, &p);
		if (poll(p.fds, p.count, pause_ms(r)) < 0)
			continue;
		events_take(r, &p);
		checks(r);
	}
	loop_end(r);
	polled_free(&p);
	log_start(&l, "end");
	log_number(&l, "messages", (int64_t)r->queue.known.count);
	log_write(&l);
	return r->exit;
}
