#include "os/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

static int
copy(int from, uint64_t limit, struct input *in)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(from, buffer, sizeof buffer)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 ||
		    write_all(in->fd, (struct span){ buffer, (size_t)n }) < 0)
			return -1;
		in->size += (uint64_t)n;
		if (in->size > limit) {
			errno = EMSGSIZE;
			return -1;
		}
	}
	return 0;
}

int
input_take(int fd, uint64_t limit, struct input *in_r)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	struct stat st;
	int error;

	*in_r = (struct input){ .fd = -1 };
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && at >= 0) {
		in_r->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		in_r->offset = (uint64_t)at;
		in_r->size = at < st.st_size ? (uint64_t)(st.st_size - at) : 0;
		return in_r->fd < 0 ? -1 : 0;
	}
	in_r->fd = memfd_create("input", MFD_CLOEXEC);
	if (in_r->fd >= 0 && copy(fd, limit, in_r) == 0)
		return 0;
	error = errno;
	if (in_r->fd >= 0)
		close(in_r->fd);
	in_r->fd = -1;
	errno = error;
	return -1;
}
