#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "os/file.h"
#include "store/store.h"

/* Open a directory that nobody else may write to, without following a symbolic
 * link. */
static int
safe_open(int at, const char *name)
{
	int fd = openat(
	    at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		if (errno == ELOOP || errno == ENOTDIR)
			errno = EPERM;
		return -1;
	}
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

/* Backups drop empty directories: a missing one is created if there is other
 * evidence of a Maildir. */
static int
part_open(int dir, const char *name)
{
	int fd = safe_open(dir, name);

	if (fd < 0 && errno == ENOENT && dir_make(dir, name, 0700) == 0)
		fd = safe_open(dir, name);
	return fd;
}

/* Dovecot creates new, cur and tmp with the first message, and its own files
 * before that. */
static bool
is_marked(int dir)
{
	static const char *const signs[] = { "new", "maildirfolder",
		"dovecot.list.index.log", "dovecot-uidlist",
		"dovecot-uidvalidity" };
	bool marked = false;

	for (size_t i = 0; i < COUNT(signs); i++)
		marked |= faccessat(dir, signs[i], F_OK, 0) == 0;
	return marked;
}

static int
cur_open(int dir)
{
	int fd = safe_open(dir, "cur");

	if (fd < 0 && errno == ENOENT) {
		if (is_marked(dir))
			fd = part_open(dir, "cur");
		else
			errno = ENOENT;
	}
	return fd;
}

int
maildir_look(int at, const char *path)
{
	return safe_open(at, path);
}

int
maildir_open(struct maildir *m_r, int at, const char *path)
{
	struct maildir m = { -1, -1, -1, -1, 0 };

	m.dir = safe_open(at, path);
	if (m.dir >= 0)
		m.cur = cur_open(m.dir);
	if (m.cur >= 0)
		m.new = part_open(m.dir, "new");
	if (m.new >= 0)
		m.tmp = part_open(m.dir, "tmp");
	*m_r = m;
	if (m.tmp >= 0)
		return 0;
	maildir_close(m_r);
	return -1;
}

void
maildir_close(struct maildir *m)
{
	int *fds[] = { &m->tmp, &m->new, &m->cur, &m->dir };
	int saved = errno;

	for (size_t i = 0; i < COUNT(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	if (m->index > 0)
		close(m->index);
	m->index = 0;
	errno = saved;
}

/* An empty file that says "a Maildir++ folder is here". */
static int
mark_folder(int dir)
{
	int fd = file_create(dir, "maildirfolder", 0600);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
metadata_write(int dir, struct span text)
{
	struct commit c = { .from_dir = dir,
		.from = "metadata.new",
		.to_dir = dir,
		.to = "metadata",
		.replace = true };

	return text.len == 0 ? 0 : file_write(&c, 0, text);
}

int
maildir_make(const struct maildir *root, const char *name)
{
	return maildir_make_with(root, name, SPAN(""));
}

int
maildir_make_with(
    const struct maildir *root, const char *name, struct span metadata)
{
	struct id id = id_new();
	int dir = -1, r = -1;

	if (mkdirat(root->tmp, id.text, 0700) == 0)
		dir = dir_open(root->tmp, id.text);
	if (dir >= 0 && mkdirat(dir, "cur", 0700) == 0 &&
	    mkdirat(dir, "new", 0700) == 0 && mkdirat(dir, "tmp", 0700) == 0 &&
	    mark_folder(dir) == 0 && metadata_write(dir, metadata) == 0 &&
	    fsync(dir) == 0)
		r = renameat(root->tmp, id.text, root->dir, name);
	if (r == 0)
		r = fsync(root->dir);
	else
		maildir_remove(root->tmp, id.text);
	if (r < 0 && errno == ENOTEMPTY)
		errno = EEXIST;
	if (dir >= 0)
		close(dir);
	return r;
}
