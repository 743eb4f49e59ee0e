#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "os/dirs.h"
#include "os/file.h"
#include "retry.h"
#include "runner.h"
#include "spool/blank.h"
#include "spool/hold.h"

enum {
	STALE_S = 36 * 3600, /* no writer lives this long */
	LOCK_MS = 3000,      /* a helper of one that was killed ends soon */
};

void
start_lock(void)
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
	/* What was not seen would wait until the next start. */
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

void
start_new(struct runner *r, bool again)
{
	names_each(r, r->spool.new, new_take, again);
}

/* Keep a report that is due out of the queue until its message is settled: an
 * earlier process may have made it already. */
static void
report_hold(struct runner *r, const char *name, enum state_report kind,
    struct result *res, size_t count)
{
	struct id id = report_id(name, kind, res, count);
	struct entry *held;

	for (size_t i = 0; i < count; i++) {
		if (!state_due(kind, &res[i]))
			continue;
		held = queue_find(&r->queue, (struct span){ id.text, ID_LEN });
		if (held != NULL)
			queue_take_out(&r->queue, held, PLACE_HELD);
		return;
	}
}

static void
entry_schedule(struct runner *r, struct entry *e, struct result *res,
    size_t count, bool more)
{
	int64_t next = INT64_MAX;
	bool open = more;

	for (size_t i = 0; i < count; i++) {
		if (res[i].attempts > e->tries)
			e->tries = (uint16_t)res[i].attempts;
		if (res[i].attempts == 0)
			open = true;
		else if (res[i].verdict == TEMP && res[i].next < next)
			next = res[i].next;
		e->warned = e->warned || res[i].warn;
	}
	/* With something untried or a report due it stays where it is: now. */
	for (enum state_report k = REPORT_FAILED; k <= REPORT_DELAYED; k++) {
		report_hold(r, e->id, k, res, count);
		for (size_t i = 0; i < count; i++)
			open = open || state_due(k, &res[i]);
	}
	if (!open && next < INT64_MAX)
		queue_wait(&r->queue, e,
		    retry_sane(
			id_birth_ms((struct span){ e->id, ID_LEN }) / 1000,
			clock_wall_s(), next));
}

/* The state alone tells when its message is due: that is not opened before. */
static void
state_take(struct runner *r, const char *name, bool unused)
{
	struct entry *e = queue_find(&r->queue, span_text(name));
	struct arena *a = &r->arena;
	struct result *res;
	size_t count;
	bool more;

	(void)unused;
	if (e == NULL) {
		/* Its message is finished, if nobody holds it. */
		if (faccessat(r->spool.hold, name, F_OK, 0) < 0 &&
		    errno == ENOENT)
			unlinkat(r->spool.state, name, 0);
		return;
	}
	if (state_known(&r->spool, name, a, &res, &count, &more) == 0 &&
	    count > 0)
		entry_schedule(r, e, res, count, more);
	arena_clear(a);
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
start_clean(struct runner *r)
{
	names_each(r, r->spool.tmp, tmp_take, false);
	history_clean(&r->history, clock_wall_s());
	dests_clean(&r->dests, clock_wall_s());
	r->cleaned_ms = clock_mono_ms();
}

void
start_scan(struct runner *r)
{
	struct logline l;

	start_clean(r);
	blank_purge(&r->spool);
	start_new(r, true);
	names_each(r, r->spool.state, state_take, false);
	log_start(&l, "start");
	log_number(&l, "messages", (int64_t)r->queue.count);
	log_number(&l, "waiting", (int64_t)r->queue.waiting);
	log_write(&l);
}
