/* One message: its file, sizes and date. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder_inside.h"
#include "store/foreign.h"
#include "store/quota.h"

enum { TRIES = 3 };

/* The file is not where its record says: another session may have renamed or
 * removed it, and then the record says so by now, or another program. */
static int
look_again(struct folder *f, uint32_t at)
{
	struct str old = STR_INIT;
	int lock = -1, r = 0;

	str_set(&old, str_span(&f->name));
	if (f->lock < 0)
		lock = folder_begin(f);
	if (f->lock < 0)
		r = -1;
	else if (!folder_is_current(f) ||
	    (!folder_is_gone(f, at) &&
		span_equal(folder_name(f, at), str_span(&old))))
		r = folder_read(f);
	folder_unlock(f, lock);
	str_free(&old);
	return r;
}

static int
open_named(struct folder *f, uint32_t at)
{
	struct index_record r = folder_record(f, at);

	for (int i = 0; i < TRIES && !(r.flags & INDEX_DEAD); i++) {
		int fd = openat(folder_dir(f, &r), folder_name(f, at).at,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd >= 0 || errno != ENOENT)
			return fd;
		if (look_again(f, at) < 0)
			return -1;
		r = folder_record(f, at);
	}
	errno = r.flags & INDEX_DEAD ? ENOENT : EAGAIN;
	return -1;
}

static int
stat_message(struct folder *f, uint32_t at, struct stat *st_r)
{
	struct index_record now = folder_record(f, at);
	int fd;

	if (fstatat(folder_dir(f, &now), folder_name(f, at).at, st_r,
		AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	fd = open_named(f, at);
	if (fd < 0)
		return -1;
	int r = fstat(fd, st_r);

	close(fd);
	return r;
}

/* What was looked up is kept for all sessions. Without the lock it may have been
 * the size of a message that was renamed since; it is still its own. */
static void
keep(struct folder *f, uint32_t at,
    void (*set)(struct index_record *r, const struct stat *st),
    const struct stat *st)
{
	int lock = f->lock < 0 ? folder_lock(f) : -1;

	if (f->lock >= 0 && !f->lost) {
		struct index_record old = folder_record(f, at), r = old;

		set(&r, st);
		if (!(old.flags & INDEX_DEAD))
			folder_put(f, at, &old, &r);
	}
	folder_unlock(f, lock);
}

static void
set_size(struct index_record *r, const struct stat *st)
{
	if (st->st_size < SIZE_UNKNOWN)
		r->size = (uint32_t)st->st_size;
}

static void
set_date(struct index_record *r, const struct stat *st)
{
	r->date = st->st_mtime;
}

int
folder_size(struct folder *f, uint32_t at, uint64_t *size_r)
{
	struct index_record r = folder_record(f, at);
	struct stat st;

	*size_r = r.size;
	if (r.size != SIZE_UNKNOWN && r.name_len > 0)
		return 0;
	if (stat_message(f, at, &st) < 0)
		return -1;
	*size_r = (uint64_t)st.st_size;
	keep(f, at, set_size, &st);
	return 0;
}

int
folder_date(struct folder *f, uint32_t at, int64_t *date_r)
{
	struct index_record r = folder_record(f, at);
	struct stat st;

	*date_r = r.date;
	if (r.date != DATE_UNKNOWN && r.name_len > 0)
		return 0;
	if (stat_message(f, at, &st) < 0)
		return -1;
	*date_r = st.st_mtime;
	keep(f, at, set_date, &st);
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

/* The name with these sizes; false when they don't fit. was_r: its old size. */
static bool
name_with_sizes(struct folder *f, uint32_t at, uint64_t size, uint64_t wire,
    struct str *name_r, uint64_t *was_r)
{
	struct str head = STR_INIT;
	struct name n;
	bool ok = name_parse(folder_name(f, at), &n);

	if (ok) {
		*was_r = n.size;
		name_without_sizes(&head, n.head);
		name_sizes(&head, size, wire);
		n.head = str_span(&head);
		name_format(name_r, &n, true);
	}
	str_free(&head);
	return ok && name_r->len <= NAME_MAX_LEN;
}

static uint32_t
saturate(uint64_t n)
{
	return n < SIZE_UNKNOWN ? (uint32_t)n : SIZE_UNKNOWN;
}

/* Under the lock. The record as it is in the index says these sizes afterwards,
 * and its file's name too if that could be renamed. True: it was. */
static bool
note_locked(struct folder *f, uint32_t at, const struct str *name,
    uint64_t size, uint64_t wire)
{
	struct index_record old = folder_record(f, at), r = old;
	bool current = folder_is_current(f), renamed;

	if (f->lost || (old.flags & INDEX_DEAD))
		return false;
	renamed = name != NULL &&
	    name_change(
		f->dirs.cur, folder_name(f, at).at, f->dirs.cur, name->at) == 0;
	r.size = saturate(size);
	r.wire = saturate(wire);
	r.ends = 0;
	if (renamed && index_set_name(&f->index, &r, str_span(name)) < 0)
		f->lost = true;
	folder_put(f, at, &old, &r);
	if (renamed)
		folder_touched(f, current);
	return renamed;
}

/* A missing or wrong W= made us read the whole message; correct the name so
 * that it is the last time. The quota is corrected too. */
static void
note_sizes(struct folder *f, uint32_t at, uint64_t size, uint64_t wire)
{
	struct quota_change c = { 0 };
	struct str name = STR_INIT;
	uint64_t was = NAME_NO_SIZE;
	bool named = !folder_is_aloof(f) && f->lock < 0 &&
	    !(folder_record(f, at).flags & INDEX_NEW) &&
	    name_with_sizes(f, at, size, wire, &name, &was);
	int lock = -1;

	c.lock = -1;
	if (named && was != NAME_NO_SIZE && was != size)
		quota_hold(f->store, &c);
	if (f->lock < 0)
		lock = folder_begin(f);
	/* The name may be another one by now. */
	if (f->lock >= 0 && named) {
		str_clear(&name);
		named = name_with_sizes(f, at, size, wire, &name, &was);
	}
	if (f->lock >= 0 &&
	    note_locked(f, at, named ? &name : NULL, size, wire) && c.there &&
	    was != NAME_NO_SIZE)
		c.bytes = (int64_t)(size - was);
	folder_unlock(f, lock);
	quota_release(f->store, &c);
	str_free(&name);
}

void
folder_measured(struct folder *f, uint32_t at, uint64_t size, uint64_t wire)
{
	struct index_record r = folder_record(f, at);

	if (r.flags & INDEX_DEAD ||
	    (r.size == saturate(size) && r.wire == saturate(wire)))
		return;
	note_sizes(f, at, size, wire);
}

void
folder_ends_note(struct folder *f, const unsigned char *ends)
{
	int lock = folder_lock(f);

	for (uint32_t i = 0; lock >= 0 && !f->lost && i < f->count; i++) {
		struct index_record old = folder_record(f, i), r = old;

		if (ends[i] == 0 || ends[i] == old.ends ||
		    (old.flags & INDEX_DEAD))
			continue;
		r.ends = ends[i];
		folder_put(f, i, &old, &r);
	}
	folder_unlock(f, lock);
}

/* Another server has compressed it: closed then. Asked only of what is not of the
 * size that its name says, or has Dovecot's letter. */
static bool
refuse_foreign(struct folder *f, uint32_t at, int fd)
{
	const char *is = foreign_compression_of(fd);

	if (is == NULL)
		return false;
	if (!f->foreign)
		foreign_log_message(f->path.at, folder_name(f, at), is);
	f->foreign = true;
	close(fd);
	errno = ENOTSUP;
	return true;
}

int
folder_message_open(struct folder *f, uint32_t at)
{
	int fd = open_named(f, at);
	struct index_record r = folder_record(f, at);
	bool other = r.size == SIZE_UNKNOWN;
	struct stat st;
	uint64_t wire;

	if (fd < 0)
		return -1;
	if (!other)
		other = fstat(fd, &st) == 0 &&
		    saturate((uint64_t)st.st_size) != r.size;
	if ((other || (r.flags & FLAG_COMPRESSED)) && refuse_foreign(f, at, fd))
		return -1;
	/* Another program may have changed it, or named it wrongly. */
	if (other && r.size != SIZE_UNKNOWN && wire_count(fd, &wire) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		folder_measured(f, at, (uint64_t)st.st_size, wire);
	return fd;
}

int
folder_wire(struct folder *f, uint32_t at, uint64_t *wire_r)
{
	struct index_record now = folder_record(f, at);
	struct stat st;
	int fd, r;

	if (now.wire != SIZE_UNKNOWN && now.name_len > 0) {
		*wire_r = now.wire;
		return 0;
	}
	fd = open_named(f, at);
	if (fd < 0 || refuse_foreign(f, at, fd))
		return -1;
	r = wire_count(fd, wire_r) < 0 ? -1 : fstat(fd, &st);
	close(fd);
	if (r == 0)
		folder_measured(f, at, (uint64_t)st.st_size, *wire_r);
	return r;
}
