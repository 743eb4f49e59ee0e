#include "users/database.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static const char trailer_magic[8] = "cdb-sum1";

void
database_init(struct database *d, int dir, const char *name, const char *magic)
{
	*d = (struct database){ .dir = dir,
		.name = name,
		.magic = magic,
		.state = DATABASE_ERROR };
}

void
database_close(struct database *d)
{
	if (d->state == DATABASE_FOUND)
		cdb_free(&d->cdb);
	d->state = DATABASE_ERROR;
}

void
database_trailer(
    const void *bytes, size_t len, unsigned char trailer_r[DATABASE_TRAILER])
{
	const unsigned char *p = bytes;
	uint64_t sum = len, word;

	/* FNV-1a's prime over words of eight bytes, high bits folded down: fast
	 * enough to check megabytes at every start, and good against damage. */
	for (size_t left = len; left > 0;) {
		size_t n = left < sizeof word ? left : sizeof word;

		word = 0;
		memcpy(&word, p, n);
		sum = (sum ^ word) * 0x100000001b3ULL;
		sum ^= sum >> 29;
		p += n;
		left -= n;
	}
	memcpy(trailer_r, trailer_magic, sizeof trailer_magic);
	for (size_t i = 0; i < 8; i++)
		trailer_r[8 + i] = (unsigned char)(sum >> (8 * i));
}

/* The file is intact, and of the right kind and version. */
static bool
database_whole(struct database *d)
{
	unsigned char trailer[DATABASE_TRAILER];
	struct span magic = span_text(d->magic), value;
	size_t size = d->cdb.cdb_fsize;

	if (size < 2048 + DATABASE_TRAILER)
		return false;
	size -= DATABASE_TRAILER;
	database_trailer(d->cdb.cdb_mem, size, trailer);
	if (memcmp(d->cdb.cdb_mem + size, trailer, sizeof trailer) != 0)
		return false;
	return database_get(d, SPAN(""), &value) == DATABASE_FOUND &&
	    span_starts(value, magic) &&
	    (value.len == magic.len || value.at[magic.len] == ' ');
}

static void
database_complain(const struct database *d, const char *text)
{
	struct logline l;

	if (d->quiet)
		return;
	log_start(&l, "database");
	log_text(&l, "file", d->name);
	if (text != NULL)
		log_text(&l, "error", text);
	else
		log_errno(&l);
	log_text(&l, "remedy", "run: chainmail user compile");
	log_write(&l);
}

/* Map the file; the descriptor is not needed afterwards. */
static int
database_map(struct database *d)
{
	int fd = openat(d->dir, d->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || cdb_init(&d->cdb, fd) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	close(fd);
	d->state = DATABASE_FOUND;
	d->device = st.st_dev;
	d->inode = st.st_ino;
	d->changed = st.st_mtim;
	return 0;
}

/* Without `users` there is no configuration; with it, its compiled form was
 * lost or never made, which must not make users unknown. */
static bool
has_text(const struct database *d)
{
	struct stat st;

	return fstatat(d->dir, "users", &st, 0) == 0 || errno != ENOENT;
}

enum database_result
database_refresh(struct database *d)
{
	struct stat st;

	if (d->dir < 0)
		return d->state = DATABASE_ABSENT;
	if (fstatat(d->dir, d->name, &st, 0) == 0) {
		if (d->state == DATABASE_FOUND && st.st_dev == d->device &&
		    st.st_ino == d->inode &&
		    st.st_mtim.tv_sec == d->changed.tv_sec &&
		    st.st_mtim.tv_nsec == d->changed.tv_nsec)
			return DATABASE_FOUND;
	} else if (errno == ENOENT && !has_text(d)) {
		database_close(d);
		return d->state = DATABASE_ABSENT;
	}
	database_close(d);
	if (database_map(d) < 0) {
		database_complain(d, NULL);
		return DATABASE_ERROR;
	}
	if (!database_whole(d)) {
		database_complain(d, "damaged, or made by another version");
		database_close(d);
		return DATABASE_ERROR;
	}
	return DATABASE_FOUND;
}

enum database_result
database_get(struct database *d, struct span key, struct span *value_r)
{
	int r;

	*value_r = (struct span){ "", 0 };
	if (key.len > UINT16_MAX)
		return DATABASE_ABSENT;
	if (d->state != DATABASE_FOUND)
		return d->state;
	/* tinycdb checks every offset against the size of the file. */
	r = cdb_find(&d->cdb, key.at, (unsigned)key.len);
	if (r == 0)
		return DATABASE_ABSENT;
	if (r > 0)
		value_r->at = cdb_getdata(&d->cdb);
	if (r < 0 || value_r->at == NULL)
		return DATABASE_ERROR;
	value_r->len = cdb_datalen(&d->cdb);
	return DATABASE_FOUND;
}
