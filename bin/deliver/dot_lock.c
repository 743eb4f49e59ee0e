#include "dot_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/file.h"
#include "os/lock.h"

enum { STALE_S = 300 };

static bool
is_named(int fd, const char *name)
{
	struct stat at, of;

	return lstat(name, &at) == 0 && fstat(fd, &of) == 0 &&
	    at.st_dev == of.st_dev && at.st_ino == of.st_ino;
}

/* Remove an existing lock without a holder; true if removed. Removing one of
 * ours requires holding it, so that no process removes its successor. */
static bool
remove_left(const char *name)
{
	struct stat st;
	bool left;
	int fd;

	if (lstat(name, &st) < 0)
		return errno == ENOENT;
	if (st.st_mtime + STALE_S < time(NULL))
		return unlink(name) == 0;
	if (!S_ISREG(st.st_mode) || (st.st_mode & S_ISVTX) == 0)
		return false;
	fd = open(name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	left = lock_fd(fd, 0) == 0 && is_named(fd, name) && unlink(name) == 0;
	close(fd);
	return left;
}

/* A new lock, held; -1 and errno, EEXIST when there is or just was one: between
 * creating and locking it another process may take it for stale. */
static int
make(const char *name)
{
	int fd = file_create(AT_FDCWD, name, S_ISVTX | 0600);

	if (fd < 0)
		return -1;
	if (lock_fd(fd, 0) == 0 && is_named(fd, name))
		return fd;
	close(fd);
	errno = EEXIST;
	return -1;
}

int
dot_lock(const char *name, int wait_ms)
{
	struct timespec pause = { 0, 20000000 };
	int64_t until = clock_mono_ms() + wait_ms;

	for (;;) {
		int fd = make(name);

		if (fd >= 0 || errno != EEXIST)
			return fd;
		if (clock_mono_ms() >= until) {
			errno = EAGAIN;
			return -1;
		}
		if (!remove_left(name))
			nanosleep(&pause, NULL);
	}
}

void
dot_lock_drop(const char *name, int fd)
{
	unlink(name);
	close(fd);
}
