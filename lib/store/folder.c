#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/acl.h"
#include "store/folder_inside.h"
#include "store/index_place.h"
#include "store/mailbox.h"
#include "store/shared.h"

/* RFC 4314 5.1.1: a right that is withdrawn counts from the next look. */
static int
rights_renew(struct folder *f)
{
	if (f->guest == NULL)
		return 0;
	f->rights = shared_rights(f->store->shared, f->guest);
	if (f->rights & RIGHT_READ)
		return 0;
	errno = ENOENT;
	return -1;
}

int
folder_refresh(struct folder *f)
{
	int lock, r = rights_renew(f) < 0 ? -1 : folder_is_changed(f);

	if (r > 0) {
		lock = folder_lock(f);
		r = lock < 0 ? -1 : 0;
		if (r == 0 && !folder_is_read(f))
			r = folder_read(f);
		folder_unlock(f, lock);
	}
	if (r < 0)
		f->removed = f->removed || errno == ENOENT;
	else if (f->view.known.lettered > f->view.lettered)
		r = folder_keywords_read(f);
	return r;
}

void
folder_follow(struct folder *f)
{
	struct index_header h;

	if (!index_header(&f->index, &h) || h.replaced)
		folder_unlock(f, folder_lock(f));
}

/* What is dead takes up room; nobody's numbers depend on it but of those who
 * find their place again by UID. */
static void
compact(struct folder *f)
{
	int lock = folder_lock(f);

	if (lock >= 0 && !f->lost && index_is_worn(&f->index.now) &&
	    index_compact(&f->index, maildir_index(&f->dirs), f->store->boot) <
		0)
		f->lost = f->index.broken;
	if (lock >= 0 && !f->lost && excerpts_are_worn(&f->index.now)) {
		excerpts_compact(
		    &f->excerpts.file, &f->index, maildir_index(&f->dirs));
		f->lost = f->index.broken;
	}
	folder_unlock(f, lock);
}

/* What another session could not name is tried again. */
static int
read_first(struct folder *f)
{
	int lock = folder_lock(f), r = lock < 0 ? -1 : 0;

	if (r == 0 &&
	    (!folder_is_read(f) || f->index.now.left_out > 0 ||
		f->uidvalidity != f->index.now.uidvalidity))
		r = folder_read(f);
	folder_unlock(f, lock);
	return r;
}

/* The index explains the disk, or the directories are read. */
static int
open_index(struct folder *f)
{
	struct uids u;

	f->look = openat(f->dirs.dir, "folder.lock",
	    (f->guest == NULL ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	f->lost = f->look < 0 || f->guest != NULL ||
	    !index_open(&f->index, maildir_index(&f->dirs), f->store->boot) ||
	    uids_read(f->dirs.dir, f->store->boot, &u) < 0 ||
	    !index_header(&f->index, &f->view.known) ||
	    u.validity != f->view.known.uidvalidity;
	if (!f->lost) {
		f->uidvalidity = u.validity;
		f->uidnext = u.next;
		if (u.recent == u.next)
			f->view.claimed = u.next;
		else if (f->read_only)
			view_recent_add(f, u.recent, u.next);
		if (f->read_only)
			f->view.claimed = u.next;
	}
	if ((f->lost || f->view.known.left_out > 0 ||
		folder_is_changed(f) != 0) &&
	    read_first(f) < 0)
		return -1;
	if (folder_keywords_read(f) < 0)
		return -1;
	if (index_is_worn(&f->view.known) || excerpts_are_worn(&f->view.known))
		compact(f);
	return 0;
}

int
folder_open(
    struct folder *f, struct store *s, struct span mailbox, bool read_only)
{
	struct str dir = STR_INIT;
	bool keywords;
	int r = -1;

	*f = (struct folder){ .store = s,
		.dirs = { -1, -1, -1, -1, 0 },
		.path = STR_INIT,
		.name = STR_INIT,
		.read_only = read_only,
		.guest = mailbox_shared(s, mailbox),
		.rights = mailbox_rights(s, mailbox),
		.seen = OWN_SEEN_INIT,
		.watch = -1,
		.lock = -1,
		.look = -1 };
	f->read_only |= folder_changeable(f, &keywords) == 0;
	keywords_init(&f->keywords);
	index_init(&f->index);
	folder_excerpts_init(f);
	if (f->rights & RIGHT_READ)
		r = mailbox_find(s, mailbox, &dir);
	else
		mailbox_may(s, mailbox, RIGHT_READ);
	if (r == 0)
		r = maildir_open(&f->dirs, s->root.dir, dir.at);
	if (r == 0) {
		if (f->guest != NULL) {
			str_set(&f->path, f->guest->path);
		} else {
			f->dirs.index = index_place_mailbox(s->index, dir.at);
			str_setf(&f->path, "%s/%s", s->path.at, dir.at);
		}
		if (!folder_is_aloof(f))
			maildir_sweep(&f->dirs);
		r = open_index(f);
	}
	str_free(&dir);
	if (r == 0)
		folder_number(f);
	else
		folder_close(f);
	return r;
}

void
folder_close(struct folder *f)
{
	int saved = errno;

	folder_excerpts_free(f);
	if (f->watch >= 0)
		close(f->watch);
	if (f->look >= 0)
		close(f->look);
	f->watch = f->look = -1;
	maildir_close(&f->dirs);
	view_free(f);
	index_close(&f->index);
	own_seen_close(&f->seen);
	str_free(&f->name);
	str_free(&f->path);
	keywords_free(&f->keywords);
	errno = saved;
}
