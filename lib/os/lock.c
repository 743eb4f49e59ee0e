#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static int
lock_as(int fd, short type, int wait_ms)
{
	int64_t until = clock_mono_ms() + wait_ms;
	struct timespec pause = { .tv_nsec = 200000 };

	for (;;) {
		struct flock l = { .l_type = type, .l_whence = SEEK_SET };

		if (fcntl(fd, F_OFD_SETLK, &l) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		if (clock_mono_ms() >= until) {
			errno = EAGAIN;
			return -1;
		}
		/* F_OFD_SETLKW has no timeout; locks are held for a few system
		 * calls, so retry after short sleeps that get longer. */
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec += pause.tv_nsec / 2;
	}
}

int
lock_fd(int fd, int wait_ms)
{
	return lock_as(fd, F_WRLCK, wait_ms);
}

int
lock_drop(int fd)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &l);
}

int
lock_fd_share(int fd, int wait_ms)
{
	return lock_as(fd, F_RDLCK, wait_ms);
}

static int
lock_open(int dir, const char *name, int how, short type, int wait_ms)
{
	int fd = openat(dir, name, how | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;
	if (lock_as(fd, type, wait_ms) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
lock_take(int dir, const char *name, int wait_ms)
{
	return lock_open(dir, name, O_RDWR | O_CREAT, F_WRLCK, wait_ms);
}

int
lock_share(int dir, const char *name, int wait_ms)
{
	return lock_open(dir, name, O_RDWR | O_CREAT, F_RDLCK, wait_ms);
}

int
lock_look(int dir, const char *name, int wait_ms)
{
	return lock_open(dir, name, O_RDONLY, F_RDLCK, wait_ms);
}
