/* Changing what others may do in a mailbox of this account. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/file.h"
#include "os/lock.h"
#include "store/acl.h"
#include "store/mailbox.h"

enum { WAIT_MS = 10000 };

/* room is for one more. */
static void
change(struct acl *a, struct span id, enum acl_how how, unsigned rights)
{
	struct acl_entry *e = acl_find(a, id);
	unsigned old = e == NULL ? 0 : e->rights;

	if (how == ACL_ADD)
		rights |= old;
	if (how == ACL_REMOVE)
		rights = old & ~rights;
	if (rights != 0) {
		if (e == NULL)
			e = &a->at[a->count++];
		*e = (struct acl_entry){ id, rights };
	} else if (e != NULL) {
		for (a->count--; e < a->at + a->count; e++)
			e[0] = e[1];
	}
}

/* The lock is held. Without entries there is no file. */
static int
file_replace(const struct store *s, int dir, const struct acl *a)
{
	struct commit c = { .from_dir = s->root.tmp,
		.from = "acl.new",
		.to_dir = dir,
		.to = "acl",
		.replace = true };
	struct str text = STR_INIT;
	int r;

	if (a->count == 0)
		return unlinkat(dir, "acl", 0) < 0 && errno != ENOENT
		    ? -1
		    : fsync(dir);
	acl_format(&text, a);
	r = file_write(&c, 0, str_span(&text));
	str_free(&text);
	return r;
}

static int
changed_write(const struct store *s, int dir, struct span id, enum acl_how how,
    unsigned rights)
{
	struct acl a;
	int r = acl_read(dir, ".", &a);

	if (r == 0) {
		if (a.at == NULL)
			a.at = arena_new(&a.arena, sizeof *a.at);
		change(&a, id, how, rights);
		if (a.count > ACL_COUNT_MAX) {
			errno = E2BIG;
			r = -1;
		}
	}
	if (r == 0)
		r = file_replace(s, dir, &a);
	acl_free(&a);
	return r;
}

/* The directory of a mailbox of this account, or -1. change: it is to be
 * shared. */
static int
place_open(const struct store *s, struct span mailbox, bool change)
{
	struct str dir = STR_INIT;
	int fd = -1;

	if (mailbox_find(s, mailbox, &dir) == 0) {
		if (mailbox_is_foreign(&dir))
			errno = EACCES;
		else if (change && dir.len == 1)
			errno = EPERM;
		else
			fd = openat(s->root.dir, dir.at,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	}
	str_free(&dir);
	return fd;
}

static int
finish(int dir, int lock, int r)
{
	int saved = errno;

	if (lock >= 0)
		close(lock);
	if (dir >= 0)
		close(dir);
	errno = saved;
	return r;
}

int
acl_of(const struct store *s, struct span mailbox, struct acl *a_r)
{
	int dir = place_open(s, mailbox, false);

	*a_r = (struct acl){ .arena = ARENA_INIT };
	return dir < 0 ? -1 : finish(dir, -1, acl_read(dir, ".", a_r));
}

int
acl_change(const struct store *s, struct span mailbox, struct span id,
    enum acl_how how, unsigned rights)
{
	int dir = place_open(s, mailbox, true), lock = -1, r = -1;

	if (dir >= 0)
		lock = lock_take(s->root.dir, "acl.lock", WAIT_MS);
	if (lock >= 0)
		r = changed_write(s, dir, id, how, rights);
	return finish(dir, lock, r);
}

/* The acl of the nearest mailbox above. */
static int
above_read(const struct store *s, struct span mailbox, struct acl *a_r)
{
	struct str dir = STR_INIT;
	int r = 0;

	*a_r = (struct acl){ .arena = ARENA_INIT };
	for (size_t n = mailbox.len; n-- > 1;) {
		struct span above = span_head(mailbox, n);

		if (mailbox.at[n] != MAILBOX_SEPARATOR ||
		    mailbox_exists(s, above) < 0)
			continue;
		r = mailbox_find(s, above, &dir);
		if (r == 0 && dir.len > 1)
			r = acl_read(s->root.dir, dir.at, a_r);
		break;
	}
	str_free(&dir);
	return r;
}

int
acl_inherit(const struct store *s, struct span mailbox)
{
	int dir = -1, lock = -1, r;
	struct acl a;

	r = above_read(s, mailbox, &a);
	if (r == 0 && a.count > 0) {
		r = -1;
		dir = place_open(s, mailbox, true);
		if (dir >= 0)
			lock = lock_take(s->root.dir, "acl.lock", WAIT_MS);
		if (lock >= 0)
			r = file_replace(s, dir, &a);
	}
	acl_free(&a);
	return finish(dir, lock, r);
}
