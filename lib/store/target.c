#include "store/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/acl.h"
#include "store/folder_inside.h"
#include "store/mailbox.h"

int
target_open(struct target *t, struct store *s, struct span mailbox)
{
	*t = (struct target){ .store = s,
		.directory = STR_INIT,
		.to = { -1, -1, -1, -1, 0 },
		.lock = -1 };
	keywords_init(&t->keywords);
	if (mailbox_may(s, mailbox, RIGHT_INSERT) < 0 ||
	    mailbox_find(s, mailbox, &t->directory) < 0)
		return -1;
	return maildir_open(&t->to, s->root.dir, t->directory.at);
}

/* The mailbox was neither deleted nor renamed since it was opened: a message
 * put into a mailbox being removed would be lost. */
static bool
is_there(const struct target *t)
{
	struct stat named, open;

	return fstatat(t->store->root.dir, t->directory.at, &named,
		   AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(t->to.dir, &open) == 0 && named.st_ino == open.st_ino &&
	    named.st_dev == open.st_dev;
}

uint32_t
target_begin(struct target *t, uint32_t n, bool locked)
{
	if (!locked) {
		t->lock = maildir_lock(&t->to);
		if (t->lock < 0)
			return 0;
	}
	if (!is_there(t)) {
		errno = ENOENT;
		return 0;
	}
	if (uids_ensure(&t->to, t->store, &t->uids) < 0 ||
	    keywords_read(&t->keywords, t->to.dir) < 0)
		return 0;
	return uids_take(t->to.dir, t->store->boot, n, false, &t->uids);
}

int
target_keywords(
    struct target *t, const struct span *names, size_t n, uint32_t *letters)
{
	return keywords_make(&t->keywords, &t->to, names, n, letters);
}

void
target_unlock(struct target *t)
{
	if (t->lock >= 0)
		close(t->lock);
	t->lock = -1;
}

void
target_end(struct target *t)
{
	int saved = errno;

	target_unlock(t);
	maildir_close(&t->to);
	keywords_free(&t->keywords);
	str_free(&t->directory);
	errno = saved;
}
