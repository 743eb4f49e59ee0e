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

/* The name with what it lacks of S= and W=; false when it can't have them. */
static bool
name_with_sizes(const struct folder *f, uint32_t at, uint64_t size,
    uint64_t wire, struct str *name_r)
{
	struct str head = STR_INIT;
	struct name n;
	bool ok = name_parse(folder_name(f, at), &n);

	if (ok) {
		str_add(&head, n.head);
		if (n.size == NAME_NO_SIZE)
			str_addf(&head, ",S=%ju", (uintmax_t)size);
		str_addf(&head, ",W=%ju", (uintmax_t)wire);
		n.head = str_span(&head);
		name_format(name_r, &n, true);
	}
	str_free(&head);
	return ok && name_r->len <= NAME_MAX_LEN;
}

/* A name without W= had the whole message read; let it be the last time. */
static void
note_sizes(struct folder *f, uint32_t at, uint64_t size, uint64_t wire)
{
	struct str name = STR_INIT;
	int lock;

	if (f->read_only || f->locked || f->messages[at].in_new ||
	    !name_with_sizes(f, at, size, wire, &name) ||
	    (lock = folder_lock(f)) < 0) {
		str_free(&name);
		return;
	}
	bool current = folder_is_current(f);

	if (name_change(f->dirs.cur, folder_name(f, at).at, f->dirs.cur,
		name.at) == 0) {
		f->messages[at].name = (uint32_t)f->names.len;
		str_add(&f->names, str_span(&name));
		str_add_byte(&f->names, '\0');
		folder_touched(f, current);
	}
	folder_unlock(f, lock);
	str_free(&name);
}

int
folder_wire(struct folder *f, uint32_t at, uint64_t *wire_r)
{
	struct stat st;
	int fd, r;

	if (f->messages[at].wire != SIZE_UNKNOWN) {
		*wire_r = f->messages[at].wire;
		return 0;
	}
	fd = folder_message_open(f, at);
	if (fd < 0)
		return -1;
	r = wire_count(fd, wire_r) < 0 ? -1 : fstat(fd, &st);
	close(fd);
	if (r == 0 && *wire_r < SIZE_UNKNOWN)
		f->messages[at].wire = (uint32_t)*wire_r;
	if (r == 0)
		note_sizes(f, at, (uint64_t)st.st_size, *wire_r);
	return r;
}
