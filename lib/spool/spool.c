#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "os/dirs.h"
#include "os/file.h"

enum {
	DIR_MODE = 02770, /* programs of several uids, one group */
	INODES_LEAST = 1000,
	RESERVE_USUAL = 64 << 20, /* the default of disk-reserve */
};

/* Open a directory, creating a missing one with its full mode, whatever the
 * umask. */
static int
part_open(int parent, const char *name)
{
	int fd = dir_open(parent, name);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (dir_make(parent, name, 0700) < 0)
		return -1;
	fd = dir_open(parent, name);
	if (fd >= 0 && fchmod(fd, DIR_MODE) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
spool_part(const char *name)
{
	int root = dir_open(AT_FDCWD, dir_spool()), fd, saved;

	if (root < 0)
		return -1;
	fd = part_open(root, name);
	saved = errno;
	close(root);
	errno = saved;
	return fd;
}

int
spool_open(struct spool *s)
{
	int root = part_open(AT_FDCWD, dir_spool()), saved;
	struct stat st;

	*s = (struct spool){ -1, -1, -1, -1, -1, -1, 0 };
	if (root < 0)
		return -1;
	if (faccessat(root, "tmp", F_OK, 0) < 0)
		dir_spread(root); /* each has many short-lived files */
	if ((s->tmp = part_open(root, "tmp")) >= 0 &&
	    (s->new = part_open(root, "new")) >= 0 &&
	    (s->state = part_open(root, "state")) >= 0 &&
	    (s->bad = part_open(root, "bad")) >= 0 &&
	    (s->blank = part_open(root, "blank")) >= 0 &&
	    (s->hold = part_open(root, "hold")) >= 0 &&
	    fstat(s->new, &st) == 0) {
		s->group = st.st_gid;
		close(root);
		return 0;
	}
	saved = errno;
	close(root);
	spool_close(s);
	errno = saved;
	return -1;
}

void
spool_close(struct spool *s)
{
	const int all[] = { s->tmp, s->new, s->state, s->bad, s->blank,
		s->hold };

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i] >= 0)
			close(all[i]);
	*s = (struct spool){ -1, -1, -1, -1, -1, -1, 0 };
}

int
spool_room(const struct spool *s, uint64_t size, uint64_t reserve)
{
	struct statfs fs;
	uint64_t need = size > UINT64_MAX / 2 ? UINT64_MAX : 2 * size;
	uint64_t inodes = INODES_LEAST, block;

	if (fstatfs(s->tmp, &fs) < 0)
		return -1;
	/* f_bsize may be the best size of a transfer (FUSE). */
	block = (uint64_t)(fs.f_frsize > 0 ? fs.f_frsize : fs.f_bsize);
	/* On a small file system at most a tenth is kept free, unless
	 * configured otherwise. */
	if (reserve == RESERVE_USUAL &&
	    reserve > (uint64_t)fs.f_blocks / 10 * block)
		reserve = (uint64_t)fs.f_blocks / 10 * block;
	if (inodes > (uint64_t)fs.f_files / 10)
		inodes = (uint64_t)fs.f_files / 10;
	if (need < reserve)
		need = reserve;
	/* A file system without a limit on inodes says 0 of 0 (btrfs). */
	if ((fs.f_files > 0 && (uint64_t)fs.f_ffree < inodes + 1) ||
	    (uint64_t)fs.f_bavail < need / block + 1) {
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

int
spool_reply(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG ? 452 : 451;
}

int
spool_scratch(int dir)
{
	struct id id = id_new();
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	/* A file system without O_TMPFILE (NFS). */
	fd = openat(dir, id.text,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlinkat(dir, id.text, 0);
	return fd;
}
