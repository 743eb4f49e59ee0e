/* Detecting changes: the folder's lock, the times of its directories, and its
 * change number. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/lock.h"
#include "store/changes.h"
#include "store/folder_inside.h"
#include "store/index_place.h"
#include "store/uids.h"

enum {
	LOCK_WAIT_MS = 10000,
	FINE_NS = 30000000, /* one tick where times have fractions */
};
#define COARSE_NS INT64_C(2000000000) /* where times are in whole seconds */

int
maildir_lock(const struct maildir *m)
{
	return lock_take(m->dir, "folder.lock", LOCK_WAIT_MS);
}

/* The file this session has open is still the one that others lock. */
static bool
is_lock_file(const struct folder *f)
{
	struct stat named, open;

	return f->look >= 0 && fstat(f->look, &open) == 0 &&
	    open.st_nlink > 0 &&
	    fstatat(f->dirs.dir, "folder.lock", &named, AT_SYMLINK_NOFOLLOW) ==
	    0 &&
	    named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

/* The index is the one that its names stand for: another session may have made a
 * new generation, or somebody may have removed it. */
static void
index_attach(struct folder *f)
{
	struct index to;

	f->lost = f->index.fd < 0 ||
	    (!f->index.private &&
		!index_is_named(&f->index, maildir_index(&f->dirs))) ||
	    !index_begin(&f->index) || f->index.now.replaced;
	if (!f->lost || f->index.private)
		return;
	if (index_open(&to, maildir_index(&f->dirs), f->store->boot) &&
	    index_begin(&to) && to.generation != f->index.generation &&
	    view_switch(f, &to))
		f->lost = false;
	else
		index_close(&to);
}

/* Where nothing may be written: nobody renames meanwhile, and others may read
 * too. The index is this session's alone. */
static int
guest_lock(const struct folder *f, int wait_ms)
{
	if (is_lock_file(f))
		return lock_fd_share(f->look, wait_ms) == 0 ? f->look : -1;
	return lock_look(f->dirs.dir, "folder.lock", wait_ms);
}

static int
lock_within(struct folder *f, int wait_ms)
{
	int lock;

	if (f->guest != NULL)
		lock = guest_lock(f, wait_ms);
	else if (is_lock_file(f))
		lock = lock_fd(f->look, wait_ms) == 0 ? f->look : -1;
	else
		lock = lock_take(f->dirs.dir, "folder.lock", wait_ms);
	if (lock >= 0)
		folder_locked(f, lock);
	return lock;
}

int
folder_lock(struct folder *f)
{
	return lock_within(f, LOCK_WAIT_MS);
}

int
folder_lock_free(struct folder *f)
{
	return lock_within(f, 0);
}

void
folder_locked(struct folder *f, int lock)
{
	f->lock = lock;
	f->noted = changes_read(lock);
	index_attach(f);
}

int
folder_uids(const struct folder *f, struct uids *u_r)
{
	return f->guest == NULL ? uids_ensure(&f->dirs, f->store, u_r)
				: uids_read(f->dirs.dir, f->store->boot, u_r);
}

/* \Recent of what was named by others: what no session has been told of. */
static void
recents_claim(struct folder *f)
{
	struct folder_view *v = &f->view;
	struct uids u;
	uint32_t low;

	if (v->claimed >= v->known.uidnext ||
	    uids_read(f->dirs.dir, f->store->boot, &u) < 0)
		return;
	low = u.recent > v->claimed ? u.recent : v->claimed;
	if (low < u.next) {
		view_recent_add(f, low, u.next);
		if (!folder_is_aloof(f))
			uids_told(f->dirs.dir, f->store->boot, &u);
	}
	v->claimed = u.next;
}

void
folder_settle(struct folder *f)
{
	if (f->lost)
		return;
	if (index_commit(&f->index) < 0) {
		f->lost = true;
		return;
	}
	f->view.known = f->index.now;
	if (f->uidnext < f->view.known.uidnext)
		f->uidnext = f->view.known.uidnext;
	recents_claim(f);
}

/* The file stays open without the lock, for reading its number. */
void
folder_unlock(struct folder *f, int lock)
{
	int saved = errno;

	if (lock < 0)
		return;
	folder_settle(f);
	f->lock = -1;
	if (f->look >= 0 && f->look != lock)
		close(f->look);
	f->look = lock_drop(lock) == 0 ? lock : -1;
	if (f->look < 0)
		close(lock);
	errno = saved;
}

static int64_t
nanoseconds(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Two changes within one tick of the file system's clock have the same time. */
static bool
is_old_enough(struct timespec t)
{
	int64_t tick = t.tv_nsec == 0 ? COARSE_NS : FINE_NS;

	return clock_wall_us() * 1000 > nanoseconds(t) + tick;
}

int
folder_stamps_take(const struct folder *f, struct folder_stamp *new_r,
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

static struct index_stamp
stamp_made(const struct folder_stamp *s)
{
	return (struct index_stamp){ s->time.tv_sec, s->time.tv_nsec };
}

static bool
is_same_time(const struct index_stamp *then, const struct folder_stamp *now)
{
	return then->seconds == now->time.tv_sec &&
	    then->nanoseconds == now->time.tv_nsec;
}

/* The header explains what is on the disk. A reading of cur/ within a tick of its
 * stamp is made again, once, as soon as the tick is over. Deliveries take no lock,
 * and a message must be seen by the next look: a reading of new/ within a tick of
 * its stamp is worth nothing. */
static bool
is_explained(const struct index_header *h, const struct folder_stamp *at_new,
    const struct folder_stamp *at_cur)
{
	return h->new_trusted && is_same_time(&h->at_new, at_new) &&
	    is_same_time(&h->at_cur, at_cur) &&
	    (h->cur_trusted || !at_cur->trusted);
}

bool
folder_is_settled(const struct folder *f)
{
	return f->view.known.new_trusted && f->view.known.cur_trusted;
}

void
folder_touched(struct folder *f, bool was_current)
{
	struct folder_stamp at_new, at_cur;

	if (f->guest != NULL)
		return; /* nothing was */
	f->noted = changes_note(f->lock, f->noted);
	if (!was_current || f->lost ||
	    folder_stamps_take(f, &at_new, &at_cur) < 0)
		return;
	/* Not that of new/: a delivery may have come in between. */
	f->index.now.at_cur = stamp_made(&at_cur);
	f->index.now.cur_trusted = false;
	f->index.now.noted = f->noted;
	f->index.dirty = true;
}

void
folder_stamp(struct folder *f, const struct folder_stamp *at_new,
    const struct folder_stamp *at_cur)
{
	struct index_header *h = &f->index.now;

	h->at_new = stamp_made(at_new);
	h->at_cur = stamp_made(at_cur);
	h->new_trusted = at_new->trusted;
	h->cur_trusted = at_cur->trusted;
	h->noted = f->noted;
	f->index.dirty = true;
}

bool
folder_is_current(const struct folder *f)
{
	const struct index_header *h = &f->index.now;
	struct folder_stamp at_new, at_cur;

	return !f->lost && f->noted == h->noted &&
	    folder_stamps_take(f, &at_new, &at_cur) == 0 &&
	    is_same_time(&h->at_new, &at_new) &&
	    is_same_time(&h->at_cur, &at_cur);
}

bool
folder_is_read(const struct folder *f)
{
	struct folder_stamp at_new, at_cur;

	return !f->lost && f->noted == f->index.now.noted &&
	    !own_seen_is_changed(&f->seen) &&
	    folder_stamps_take(f, &at_new, &at_cur) == 0 &&
	    is_explained(&f->index.now, &at_new, &at_cur);
}

int
folder_is_changed(struct folder *f)
{
	struct folder_stamp at_new, at_cur;
	struct index_header h;

	if (folder_stamps_take(f, &at_new, &at_cur) < 0)
		return -1;
	if (f->lost || !index_header(&f->index, &h) || h.replaced ||
	    !is_explained(&h, &at_new, &at_cur) ||
	    changes_read(f->look) != h.noted || h.uidnext > f->view.claimed ||
	    own_seen_is_changed(&f->seen))
		return 1;
	f->view.known = h;
	return 0;
}

static bool
part_stamp(int dir, const char *name, struct folder_stamp *stamp_r)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	*stamp_r = (struct folder_stamp){ st.st_mtim,
		is_old_enough(st.st_mtim) };
	return true;
}

static uint64_t
noted_at(int dir)
{
	int fd = openat(dir, "folder.lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t noted = fd < 0 ? 0 : changes_read(fd);

	if (fd >= 0)
		close(fd);
	return noted;
}

bool
folder_peek(const struct store *s, const char *path, struct index_header *h_r,
    bool *recent_r)
{
	struct folder_stamp at_new, at_cur;
	int saved = errno, dir = maildir_look(s->root.dir, path);
	int index = index_place_mailbox(s->index, path);
	const char *boot = s->boot;
	struct uids u;
	bool ok;

	/* The header last: what came after its stamps were compared is news of the
	 * next moment, as it is for who opens the folder. */
	ok = dir >= 0 && part_stamp(dir, "new", &at_new) &&
	    part_stamp(dir, "cur", &at_cur) && uids_read(dir, boot, &u) == 0 &&
	    index_peek(index > 0 ? index : dir, boot, h_r) &&
	    h_r->left_out == 0 && u.validity == h_r->uidvalidity &&
	    h_r->uidnext <= u.next && is_explained(h_r, &at_new, &at_cur) &&
	    noted_at(dir) == h_r->noted;
	if (ok) {
		h_r->uidnext = u.next;
		*recent_r = u.recent < u.next;
	}
	if (dir >= 0)
		close(dir);
	if (index > 0)
		close(index);
	errno = saved;
	return ok;
}
