#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

int
file_create(int dir, const char *name, mode_t mode)
{
	return openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    mode == 0 ? 0600 : mode);
}

int
dir_open(int dir, const char *path)
{
	return openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
dir_make(int dir, const char *name, mode_t mode)
{
	if (mkdirat(dir, name, mode) < 0)
		return errno == EEXIST ? 0 : -1;
	return dir == AT_FDCWD ? 0 : fsync(dir);
}

/* Did a link or rename succeed despite the error? NFS loses replies: it did if
 * both names are the same inode. */
static bool
name_is(const struct commit *c)
{
	struct stat mine, named;

	return fstat(c->fd, &mine) == 0 &&
	    fstatat(c->to_dir, c->to, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

/* Give the final name without ever replacing a file. */
static int
name_new(const struct commit *c)
{
	if (renameat2(
		c->from_dir, c->from, c->to_dir, c->to, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL, ENOSYS: a file system without RENAME_NOREPLACE (NFS,
	 * GlusterFS). */
	if ((errno != EINVAL && errno != ENOSYS) ||
	    linkat(c->from_dir, c->from, c->to_dir, c->to, 0) < 0) {
		int saved = errno;

		if (!name_is(c)) {
			errno = saved;
			return -1;
		}
	}
	unlinkat(c->from_dir, c->from, 0);
	return 0;
}

/* An existing name may count as success: the process that gave it may have died
 * before the sync. */
static void
name_give(struct commit *c)
{
	int r = c->replace ? renameat(c->from_dir, c->from, c->to_dir, c->to)
			   : name_new(c);

	if (r < 0)
		c->error = errno;
	if (c->error == EEXIST && fsync(c->to_dir) < 0)
		c->error = errno;
}

/* Sync the directory of files[i], once for all files in it. */
static void
directory_sync(struct commit *files, size_t n, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (files[k].error == 0 && files[k].to_dir == files[i].to_dir)
			return;
	if (fsync(files[i].to_dir) == 0)
		return;
	for (size_t k = i, error = (size_t)errno; k < n; k++)
		if (files[k].error == 0 && files[k].to_dir == files[i].to_dir) {
			if (!files[k].replace)
				unlinkat(files[k].to_dir, files[k].to, 0);
			files[k].error = (int)error;
		}
}

int
file_commit_how(struct commit *files, size_t n, bool sync_files)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		files[i].error = 0;
		if (sync_files && fsync(files[i].fd) < 0)
			files[i].error = errno;
	}
	for (size_t i = 0; i < n; i++) {
		if (files[i].error == 0)
			name_give(&files[i]);
		if (files[i].error != 0)
			unlinkat(files[i].from_dir, files[i].from, 0);
	}
	for (size_t i = 0; i < n; i++)
		if (files[i].error == 0)
			directory_sync(files, n, i);
	for (size_t i = 0; i < n; i++)
		if (files[i].error != 0) {
			errno = files[i].error;
			r = -1;
		}
	return r;
}

int
file_commit(struct commit *files, size_t n)
{
	return file_commit_how(files, n, true);
}

int
file_write(struct commit *c, mode_t mode, struct span bytes)
{
	int r, saved;

	unlinkat(c->from_dir, c->from, 0);
	c->fd = file_create(c->from_dir, c->from, mode);
	if (c->fd < 0)
		return -1;
	r = write_all(c->fd, bytes);
	saved = errno;
	if (r < 0)
		unlinkat(c->from_dir, c->from, 0);
	else {
		r = file_commit(c, 1);
		saved = errno;
	}
	close(c->fd);
	c->fd = -1;
	errno = saved;
	return r;
}

void
dir_spread(int dir)
{
	int saved = errno, flags = 0;

	if (ioctl(dir, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_TOPDIR_FL;
		ioctl(dir, FS_IOC_SETFLAGS, &flags);
	}
	errno = saved;
}

/* Make one directory durably; 0 also when it exists, or when its parent may not
 * be searched, which *denied_r tells. */
static int
parent_make(const struct str *path, bool *denied_r)
{
	struct str parent = STR_INIT;
	size_t slash = path->len;
	int dir, above, r;

	if (mkdir(path->at, 0700) < 0) {
		*denied_r = *denied_r || errno == EACCES;
		return errno == EEXIST || errno == EACCES ? 0 : -1;
	}
	dir = dir_open(AT_FDCWD, path->at);
	if (dir >= 0) {
		dir_spread(dir);
		close(dir);
	}
	while (slash > 0 && path->at[slash - 1] != '/')
		slash--;
	str_set(
	    &parent, slash > 0 ? span_head(str_span(path), slash) : SPAN("."));
	above = dir_open(AT_FDCWD, parent.at);
	r = above < 0 ? -1 : fsync(above);
	if (above >= 0)
		close(above);
	str_free(&parent);
	return r;
}

int
dir_make_parents(const char *path)
{
	struct str part = STR_INIT;
	bool denied = false;
	int r = 0;

	for (const char *p = path; r == 0; p++) {
		p = strchr(p, '/');
		if (p == NULL)
			break;
		if (p == path)
			continue;
		str_set(&part, (struct span){ path, (size_t)(p - path) });
		r = parent_make(&part, &denied);
	}
	if (r == 0 && denied && access(part.at, F_OK) < 0) {
		errno = EACCES;
		r = -1;
	}
	str_free(&part);
	return r;
}
