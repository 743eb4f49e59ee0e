#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "entry.h"
#include "os/dirs.h"
#include "os/file.h"
#include "recover.h"
#include "retry.h"
#include "spool/blank.h"
#include "spool/hold.h"

enum {
	EVENTS_SIZE = 65536,
	STALE_S = 36 * 3600, /* no writer lives this long */
	LOCK_MS = 3000,      /* a helper of one that was killed ends soon */
};

void
scan_lock(void)
{
	/* Held until this process ends. */
	if (spool_lock(LOCK_MS) < 0)
		die(TEMP,
		    errno == EAGAIN ? "another queue-run works on %s"
				    : "lock %s",
		    dir_spool());
}

/* Call each() for every name of a directory. */
static void
names_each(struct runner *r, int dir,
    void (*each)(struct runner *r, const char *name, bool flag), bool flag)
{
	int copy = dir_open(dir, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (d == NULL) {
		if (copy >= 0)
			close(copy);
		die(TEMP, "read the spool's directory");
	}
	/* An unread entry would wait until the next start. */
	while (errno = 0, (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			each(r, e->d_name, flag);
	if (errno != 0)
		die(TEMP, "read the spool's directory to its end");
	closedir(d);
}

static void
new_take(struct runner *r, const char *name, bool again)
{
	struct entry *e = queue_add(&r->queue, span_text(name));

	if (e != NULL)
		e->again = again;
	else if (!id_valid(span_text(name)))
		spool_reject(&r->spool, name, "name is no id");
}

/* Names in new/ that the queue doesn't know yet. */
static void
new_scan(struct runner *r, bool again)
{
	names_each(r, r->spool.new, new_take, again);
}

void
scan_watch(struct runner *r)
{
	struct str path = STR_INIT;

	str_addf(&path, "%s/new", dir_spool());
	r->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (r->inotify < 0 ||
	    inotify_add_watch(
		r->inotify, path.at, IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0)
		die(TEMP, "watch %s", path.at);
	str_free(&path);
}

void
scan_events(struct runner *r)
{
	static _Alignas(struct inotify_event) char events[EVENTS_SIZE];
	ssize_t n = read(r->inotify, events, sizeof events);

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(events + at);

		if (e->mask & IN_Q_OVERFLOW)
			new_scan(r, false);
		else if (e->len > 0 && e->name[0] != '.')
			new_take(r, e->name, false);
		at += (ssize_t)(sizeof *e + e->len);
	}
}

/* Keep reports that are decided on out of the queue until their message is
 * settled: an earlier process may have made them already. */
static void
reports_hold(struct runner *r, const struct state *st)
{
	for (size_t i = 0; i < st->report_count; i++) {
		const struct state_made *report = &st->reports[i];
		struct entry *held = report->made
		    ? NULL
		    : queue_find(
			  &r->queue, (struct span){ report->id.text, ID_LEN });

		if (held != NULL)
			queue_take_out(&r->queue, held, PLACE_HELD);
	}
}

/* A message that is held does not come to its reports: one of them that lies in
 * the spool is noted, and may go, so that it isn't made and sent again when the
 * message is released. */
static void
reports_note(struct runner *r, const char *id, const struct state *st)
{
	struct str lines = STR_INIT;

	for (size_t i = 0; i < st->report_count; i++) {
		const struct state_made *report = &st->reports[i];

		if (!report->made &&
		    queue_find(&r->queue,
			(struct span){ report->id.text, ID_LEN }) != NULL)
			state_write_reported(&lines, &report->id);
	}
	if (lines.len > 0 &&
	    (fsync(r->spool.new) < 0 ||
		journal_add(&r->journal, id, str_span(&lines)) < 0 ||
		journal_sync(&r->journal) < 0))
		reports_hold(r, st);
	str_free(&lines);
}

/* Work is due at once: untried recipients, or a report. */
static bool
is_due(const struct state *st)
{
	if (st->more || state_open_report(st) > 0)
		return true;
	for (size_t i = 0; i < st->count; i++) {
		if (st->results[i].attempts == 0)
			return true;
		for (enum state_report k = REPORT_FAILED; k <= REPORT_DELAYED;
		     k++)
			if (state_due(k, &st->results[i]))
				return true;
	}
	return st->count == 0;
}

static void
entry_schedule(struct runner *r, struct entry *e, const struct state *st)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < st->count; i++) {
		const struct result *res = &st->results[i];

		if (res->attempts > e->tries)
			e->tries = res->attempts < UINT16_MAX
			    ? (uint16_t)res->attempts
			    : UINT16_MAX;
		if (res->attempts > 0 && res->verdict == TEMP &&
		    res->next < next)
			next = res->next;
		e->warned = e->warned || res->warn;
	}
	if (st->wish == WISH_HOLD)
		reports_note(r, e->id, st);
	else if (st->wish != WISH_REMOVE)
		reports_hold(r, st);
	e->wish = (uint8_t)st->wish;
	if (entry_wish(r, e))
		return;
	if (!is_due(st) && next < INT64_MAX)
		queue_wait(&r->queue, e,
		    retry_sane(
			id_birth_ms((struct span){ e->id, ID_LEN }) / 1000,
			clock_wall_s(), next));
}

/* A state whose message is not in new/: it is held, perhaps with a pending
 * request; or it is finished. */
static void
held_take(struct runner *r, const char *name, const struct state *st)
{
	struct entry *e;

	if (faccessat(r->spool.hold, name, F_OK, 0) < 0) {
		if (errno == ENOENT)
			unlinkat(r->spool.state, name, 0);
		return;
	}
	if (st->wish == WISH_REMOVE && hold_remove(&r->spool, name) == 0)
		return;
	if ((st->wish != WISH_RELEASE && st->wish != WISH_FAIL) ||
	    hold_release(&r->spool, name) < 0) {
		reports_note(r, name, st);
		return;
	}
	reports_hold(r, st);
	e = queue_add(&r->queue, span_text(name));
	if (e != NULL)
		e->again = true;
}

/* Take the due time from the state, without opening the message. */
static void
state_take(struct runner *r, const char *name, bool unused)
{
	struct entry *e = queue_find(&r->queue, span_text(name));
	struct state st;

	(void)unused;
	state_init(&st);
	if (state_known(&r->spool, name, &r->arena, &st) == 0) {
		if (e == NULL)
			held_take(r, name, &st);
		else
			entry_schedule(r, e, &st);
	}
	state_free(&st);
	arena_clear(&r->arena);
}

static void
tmp_take(struct runner *r, const char *name, bool unused)
{
	struct stat st;
	struct logline l;

	(void)unused;
	if (fstatat(r->spool.tmp, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) || clock_wall_s() - st.st_mtime < STALE_S)
		return;
	unlinkat(r->spool.tmp, name, 0);
	log_start(&l, "stale");
	log_text(&l, "file", name);
	log_number(&l, "bytes", st.st_size);
	log_write(&l);
}

void
scan_clean(struct runner *r)
{
	names_each(r, r->spool.tmp, tmp_take, false);
	history_clean(&r->history, clock_wall_s());
	destinations_clean(&r->destinations, clock_wall_s());
	r->cleaned_ms = clock_mono_ms();
}

void
scan_start(struct runner *r)
{
	struct logline l;

	scan_clean(r);
	blank_purge(&r->spool);
	if (journal_open(&r->journal, &r->spool) < 0)
		die(TEMP, "take in the journal of %s", dir_spool());
	if (recover_notes(r, NULL) < 0)
		die(TEMP, "take in the notes of %s", dir_spool());
	new_scan(r, true);
	names_each(r, r->spool.state, state_take, false);
	log_start(&l, "start");
	log_number(&l, "messages", (int64_t)r->queue.known.count);
	log_number(&l, "waiting", (int64_t)r->queue.waiting);
	log_write(&l);
}
