/* Removal of whole directories, and of files that crashes left in tmp/. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/entries.h"
#include "store/store.h"

enum { STALE_S = 36 * 3600, DEPTH = 3 };

static int remove_tree(int at, const char *name, int depth);

/* Remove everything in the directory. Names are collected first, since removing
 * entries can make readdir skip others. */
static void
remove_content(int dir, int depth)
{
	struct str names = STR_INIT;
	struct entries e;
	struct span name;

	entries_start(&e, dir);
	while (entries_next(&e, &name)) {
		str_add(&names, name);
		str_add_byte(&names, '\0');
	}
	for (size_t at = 0; at < names.len;) {
		const char *n = names.at + at;

		if (unlinkat(dir, n, 0) < 0 && errno == EISDIR)
			remove_tree(dir, n, depth - 1);
		at += span_text(n).len + 1;
	}
	str_free(&names);
}

static int
remove_tree(int at, const char *name, int depth)
{
	int dir;

	if (depth == 0) {
		errno = ENOTEMPTY;
		return -1;
	}
	dir = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -1;
	remove_content(dir, depth);
	close(dir);
	return unlinkat(at, name, AT_REMOVEDIR);
}

int
maildir_remove(int at, const char *name)
{
	int saved = errno, r = remove_tree(at, name, DEPTH);

	if (r == 0)
		errno = saved;
	return r;
}

/* Somebody has the file open. A lease is refused then; where leases don't exist
 * (network file systems) the age alone decides. */
static bool
in_use(int tmp, const char *name)
{
	int fd = openat(
	    tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool used;

	if (fd < 0)
		return errno != ENOENT;
	used = fcntl(fd, F_SETLEASE, F_WRLCK) < 0 && errno == EAGAIN;
	close(fd);
	return used;
}

static bool
is_stale(const struct stat *st, int64_t now)
{
	return st->st_mtime < now - STALE_S && st->st_atime < now - STALE_S;
}

uint32_t
maildir_leftovers(const struct maildir *m)
{
	int64_t now = clock_wall_s();
	struct entries e;
	struct span name;
	struct stat st;
	uint32_t count = 0;

	entries_start(&e, m->tmp);
	while (entries_next(&e, &name))
		count += fstatat(m->tmp, name.at, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    is_stale(&st, now);
	return count;
}

void
maildir_sweep(const struct maildir *m)
{
	int64_t now = clock_wall_s();
	struct entries e;
	struct span name;
	struct stat st;

	entries_start(&e, m->tmp);
	while (entries_next(&e, &name)) {
		if (fstatat(m->tmp, name.at, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !is_stale(&st, now))
			continue;
		if (S_ISDIR(st.st_mode))
			maildir_remove(m->tmp, name.at);
		else if (!in_use(m->tmp, name.at))
			unlinkat(m->tmp, name.at, 0);
	}
}
