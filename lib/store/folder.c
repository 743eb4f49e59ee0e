#include "store/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/lock.h"
#include "store/folder_inside.h"
#include "store/mailbox.h"

enum {
	LOCK_WAIT_MS = 10000,
	FINE_NS = 30000000, /* a tick of a kernel that stamps in fractions */
};
#define COARSE_NS INT64_C(2000000000) /* of one that stamps in seconds */

int
maildir_lock(const struct maildir *m)
{
	return lock_take(m->dir, "folder.lock", LOCK_WAIT_MS);
}

int
folder_lock(struct folder *f)
{
	int lock = maildir_lock(&f->dirs);

	f->locked = lock >= 0;
	return lock;
}

void
folder_unlock(struct folder *f, int lock)
{
	if (lock >= 0) {
		f->locked = false;
		close(lock);
	}
}

static int64_t
nanoseconds(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Two changes within one tick of the file system's clock have one time. */
static bool
is_old_enough(struct timespec t)
{
	int64_t tick = t.tv_nsec == 0 ? COARSE_NS : FINE_NS;

	return clock_wall_us() * 1000 > nanoseconds(t) + tick;
}

static int
stamps_take(const struct folder *f, struct folder_stamp *new_r,
    struct folder_stamp *cur_r)
{
	struct stat n, c;

	if (fstat(f->dirs.new, &n) < 0 || fstat(f->dirs.cur, &c) < 0)
		return -1;
	if (c.st_nlink == 0 || n.st_nlink == 0) {
		errno = ENOENT;
		return -1;
	}
	*new_r = (struct folder_stamp){ n.st_mtim, is_old_enough(n.st_mtim) };
	*cur_r = (struct folder_stamp){ c.st_mtim, is_old_enough(c.st_mtim) };
	return 0;
}

/* What was read at `then` may have changed by `now`. A reading within a tick of
 * the stamp is made again, once, as soon as the tick is over. */
static bool
is_changed(const struct folder_stamp *then, const struct folder_stamp *now)
{
	return nanoseconds(then->time) != nanoseconds(now->time) ||
	    (!then->trusted && now->trusted);
}

/* Deliveries take no lock, and a message must be seen by the next look: a
 * reading of new/ within a tick of its stamp is worth nothing. */
static bool
is_new_changed(const struct folder_stamp *then, const struct folder_stamp *now)
{
	return !then->trusted || is_changed(then, now);
}

bool
folder_is_settled(const struct folder *f)
{
	return f->at_new.trusted && f->at_cur.trusted;
}

void
folder_touched(struct folder *f, bool was_current)
{
	struct folder_stamp at_new, at_cur;

	if (!was_current || stamps_take(f, &at_new, &at_cur) < 0)
		return;
	/* Not that of new/: a delivery may have come in between. */
	at_cur.trusted = false;
	f->at_cur = at_cur;
}

bool
folder_is_current(const struct folder *f)
{
	struct folder_stamp at_new, at_cur;

	return stamps_take(f, &at_new, &at_cur) == 0 &&
	    nanoseconds(at_new.time) == nanoseconds(f->at_new.time) &&
	    nanoseconds(at_cur.time) == nanoseconds(f->at_cur.time);
}

int
folder_refresh(struct folder *f)
{
	struct folder_stamp at_new, at_cur;
	int lock, r;

	if (stamps_take(f, &at_new, &at_cur) < 0) {
		f->removed = f->removed || errno == ENOENT;
		return -1;
	}
	if (!is_new_changed(&f->at_new, &at_new) &&
	    !is_changed(&f->at_cur, &at_cur))
		return 0;
	lock = folder_lock(f);
	if (lock < 0) {
		f->removed = f->removed || errno == ENOENT;
		return -1;
	}
	r = folder_read(f);
	folder_unlock(f, lock);
	return r;
}

int
folder_read(struct folder *f)
{
	struct folder_stamp at_new, at_cur;
	bool renamed = false;

	if (stamps_take(f, &at_new, &at_cur) < 0)
		return -1;
	f->at_new = f->at_cur = (struct folder_stamp){ { 0, 0 }, false };
	if (folder_read_into(f, &renamed) < 0)
		return -1;
	f->at_new = at_new;
	f->at_cur = at_cur;
	if (renamed)
		folder_touched(f, true);
	return 0;
}

int
folder_open(
    struct folder *f, struct store *s, struct span mailbox, bool read_only)
{
	struct str dir = STR_INIT;
	int r = -1, lock;

	*f = (struct folder){ .store = s,
		.dirs = { -1, -1, -1, -1 },
		.path = STR_INIT,
		.read_only = read_only,
		.names = STR_INIT,
		.watch = -1 };
	keywords_init(&f->keywords);
	if (!mailbox_directory(mailbox, &dir))
		errno = EINVAL;
	else
		r = maildir_open(&f->dirs, s->root.dir, dir.at);
	if (r == 0) {
		str_setf(&f->path, "%s/%s", s->path.at, dir.at);
		if (!read_only)
			maildir_sweep(&f->dirs);
		lock = folder_lock(f);
		r = lock < 0 ? -1 : folder_read(f);
		folder_unlock(f, lock);
	}
	str_free(&dir);
	if (r < 0)
		folder_close(f);
	else
		folder_report(f, true, NULL);
	return r;
}

void
folder_close(struct folder *f)
{
	int saved = errno;

	if (f->watch >= 0)
		close(f->watch);
	f->watch = -1;
	maildir_close(&f->dirs);
	free(f->messages);
	f->messages = NULL;
	f->count = f->total = f->gone = f->changed = f->recent = 0;
	str_free(&f->names);
	str_free(&f->path);
	keywords_free(&f->keywords);
	errno = saved;
}

static void
report_expunged(struct folder *f, const struct folder_events *e)
{
	uint32_t kept = 0;

	for (uint32_t i = f->count; i-- > 0;)
		if (f->messages[i].gone && e != NULL && e->expunged != NULL)
			e->expunged(e->arg, i + 1, f->messages[i].uid);
	f->recent = 0;
	for (uint32_t i = 0; i < f->total; i++) {
		if (f->messages[i].gone) {
			f->changed -= f->messages[i].changed;
			continue;
		}
		if (i < f->count)
			f->recent += f->messages[i].recent;
		f->messages[kept++] = f->messages[i];
	}
	f->count -= f->gone;
	f->total = kept;
	f->gone = 0;
}

static void
report_flags(struct folder *f, const struct folder_events *e)
{
	for (uint32_t i = 0; i < f->count && f->changed > 0; i++) {
		struct message *m = &f->messages[i];

		if (!m->changed || m->gone)
			continue;
		m->changed = 0;
		f->changed--;
		if (e != NULL && e->flags != NULL)
			e->flags(e->arg, i + 1);
	}
}

void
folder_report(struct folder *f, bool expunges, const struct folder_events *e)
{
	if (expunges && f->gone > 0)
		report_expunged(f, e);
	if (f->changed > 0)
		report_flags(f, e);
	if (f->total == f->count)
		return;
	for (uint32_t i = f->count; i < f->total; i++)
		f->recent += f->messages[i].recent;
	f->count = f->total;
	if (e != NULL && e->exists != NULL)
		e->exists(e->arg, f->count, f->recent);
}

uint32_t
folder_find(const struct folder *f, uint32_t uid)
{
	uint32_t low = 0, high = f->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (f->messages[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t
folder_first_unseen(const struct folder *f)
{
	for (uint32_t i = 0; i < f->count; i++)
		if (!(f->messages[i].flags & FLAG_SEEN))
			return i + 1;
	return 0;
}

struct span
folder_name(const struct folder *f, uint32_t at)
{
	return span_text(f->names.at + f->messages[at].name);
}
