/* One message: its file, sizes and date. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder_inside.h"

enum { TRIES = 3 };

int
folder_message_open(struct folder *f, uint32_t at)
{
	for (int i = 0; i < TRIES && !f->messages[at].gone; i++) {
		int fd = openat(folder_dir(f, at), folder_name(f, at).at,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd >= 0 || errno != ENOENT)
			return fd;
		/* Renamed or removed by another program. */
		f->at_cur.trusted = f->at_new.trusted = false;
		f->at_cur.time = (struct timespec){ 0, 0 };
		if ((f->locked ? folder_read(f) : folder_refresh(f)) < 0)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

static int
stat_message(struct folder *f, uint32_t at, struct stat *st_r)
{
	int fd = folder_message_open(f, at), r;

	if (fd < 0)
		return -1;
	r = fstat(fd, st_r);
	close(fd);
	return r;
}

int
folder_size(struct folder *f, uint32_t at, uint64_t *size_r)
{
	struct stat st;

	if (f->messages[at].size != SIZE_UNKNOWN) {
		*size_r = f->messages[at].size;
		return 0;
	}
	if (stat_message(f, at, &st) < 0)
		return -1;
	*size_r = (uint64_t)st.st_size;
	if (st.st_size < SIZE_UNKNOWN)
		f->messages[at].size = (uint32_t)st.st_size;
	return 0;
}

int
folder_date(struct folder *f, uint32_t at, int64_t *date_r)
{
	struct stat st;

	if (f->messages[at].date == DATE_UNKNOWN) {
		if (stat_message(f, at, &st) < 0)
			return -1;
		f->messages[at].date = st.st_mtime;
	}
	*date_r = f->messages[at].date;
	return 0;
}

/* Bytes with CRLF: each LF without a CR before it counts twice. */
static int
wire_count(int fd, uint64_t *wire_r)
{
	char buffer[16384], last = '\0';
	uint64_t wire = 0;
	ssize_t n;

	while ((n = read(fd, buffer, sizeof buffer)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		wire += (uint64_t)n;
		for (ssize_t i = 0; i < n; i++) {
			wire += buffer[i] == '\n' && last != '\r';
			last = buffer[i];
		}
	}
	*wire_r = wire;
	return 0;
}

int
folder_wire(struct folder *f, uint32_t at, uint64_t *wire_r)
{
	int fd, r;

	if (f->messages[at].wire != SIZE_UNKNOWN) {
		*wire_r = f->messages[at].wire;
		return 0;
	}
	fd = folder_message_open(f, at);
	if (fd < 0)
		return -1;
	r = wire_count(fd, wire_r);
	close(fd);
	if (r == 0 && *wire_r < SIZE_UNKNOWN)
		f->messages[at].wire = (uint32_t)*wire_r;
	return r;
}
