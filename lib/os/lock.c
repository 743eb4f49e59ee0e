#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int
lock_fd(int fd, int wait_ms)
{
	int64_t until = clock_mono_ms() + wait_ms;
	struct timespec pause = { .tv_nsec = 200000 };

	for (;;) {
		struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

		if (fcntl(fd, F_OFD_SETLK, &l) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -1;
		if (clock_mono_ms() >= until) {
			errno = EAGAIN;
			return -1;
		}
		/* F_OFD_SETLKW has no time limit of its own; holders keep a
		 * folder's lock for a few system calls, so sleep briefly and
		 * ask less often the longer it lasts. */
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec += pause.tv_nsec / 2;
	}
}

int
lock_drop(int fd)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &l);
}

int
lock_take(int dir, const char *name, int wait_ms)
{
	int fd = openat(
	    dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;
	if (lock_fd(fd, wait_ms) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}
