/* Reading index.text, and adding to it. */
#include "store/index_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "mail/charset.h"
#include "mail/fold.h"
#include "os/lock.h"

#define FILE_NAME "index.text"
#define FILE_NEW "index.text.new"
#define MAGIC "chainmail-text" /* and NUL */

enum {
	/* To be raised with every change of what text is found in a message:
	 * bin/imapd/search/search_text.c, and lib/mail below it. */
	VERSION = 1,
	WINDOW = 256 * 1024,
	PENDING = 256 * 1024,
	LOCK_MS = 200,
};

struct header {
	char magic[16];
	uint32_t version;
	uint32_t tables; /* of character sets and folding */
	uint32_t uidvalidity;
	uint32_t crc; /* of all before it */
};

struct head {
	uint32_t crc; /* of all behind it, sets and all */
	uint32_t uid;
	uint32_t name;
	uint16_t fields, body; /* sizes of the sets, which follow */
};
_Static_assert(sizeof(struct header) == 32 && sizeof(struct head) == 16,
    "as doc/formats.md says");

static struct header
header_of(const struct index_text *x)
{
	struct header h = { .version = VERSION,
		.tables = x->tables,
		.uidvalidity = x->uidvalidity };

	memcpy(h.magic, MAGIC, sizeof MAGIC);
	h.crc = crc32c(0, &h, offsetof(struct header, crc));
	return h;
}

static uint32_t
sum_of(const struct index_text *x, const char *entry, size_t size)
{
	const size_t from = sizeof(uint32_t);

	return crc32c(x->seed, entry + from, size - from);
}

static int
write_at(int fd, const void *bytes, size_t n, uint64_t at)
{
	ssize_t done = pwrite(fd, bytes, n, (off_t)at);

	if (done == (ssize_t)n)
		return 0;
	if (done >= 0)
		errno = ENOSPC;
	return -1;
}

static bool
has_header(const struct index_text *x)
{
	struct header wanted = header_of(x), h;

	return pread(x->fd, &h, sizeof h, 0) == (ssize_t)sizeof h &&
	    memcmp(&h, &wanted, sizeof h) == 0;
}

static int
write_header(const struct index_text *x, int fd)
{
	struct header h = header_of(x);

	return write_at(fd, &h, sizeof h, 0);
}

/* Its name still stands for it. */
static bool
is_named(const struct index_text *x)
{
	struct stat named, open;

	return fstatat(x->dir, FILE_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(x->fd, &open) == 0 && named.st_ino == open.st_ino &&
	    named.st_dev == open.st_dev;
}

/* Lock it; false: another session has the lock, or has put another file in its
 * place. */
static bool
lock(struct index_text *x)
{
	if (lock_fd(x->fd, LOCK_MS) < 0)
		return false;
	if (is_named(x))
		return true;
	lock_drop(x->fd);
	errno = EAGAIN;
	return false;
}

static int
start(struct index_text *x)
{
	int r = 0;

	if (has_header(x))
		return 0;
	if (!lock(x))
		return -1;
	/* Another session may have been faster. */
	if (!has_header(x))
		r = ftruncate(x->fd, 0) < 0 ? -1 : write_header(x, x->fd);
	lock_drop(x->fd);
	return r;
}

int
index_text_open(struct index_text *x, int dir, uint32_t uidvalidity)
{
	struct stat st;
	int error;

	*x = (struct index_text){ .dir = dir,
		.new = -1,
		.uidvalidity = uidvalidity,
		.tables = charset_sum() ^ fold_sum(),
		.window = STR_INIT,
		.pending = STR_INIT };
	x->seed = header_of(x).crc;
	index_text_rewind(x);
	x->fd = openat(dir, FILE_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	/* What may not be written, so can't be locked either, may be read. */
	if (x->fd < 0 && (errno == EACCES || errno == EROFS))
		x->fd = openat(dir, FILE_NAME,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (x->fd < 0)
		return -1;
	if (fstat(x->fd, &st) == 0 && S_ISREG(st.st_mode) && start(x) == 0)
		return 0;
	error = errno;
	close(x->fd);
	x->fd = -1;
	errno = error;
	return -1;
}

void
index_text_rewind(struct index_text *x)
{
	str_clear(&x->window);
	x->used = 0;
	x->end = sizeof(struct header);
}

/* So many bytes are in the window behind what was read. */
static bool
reach(struct index_text *x, size_t n)
{
	while (x->window.len - x->used < n) {
		ssize_t got;
		char *to;

		str_shift(&x->window, x->used);
		x->used = 0;
		to = str_reserve(&x->window, WINDOW);
		got = pread(x->fd, to, WINDOW, (off_t)(x->end + x->window.len));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		x->window.len += (size_t)got;
		to[got] = '\0';
	}
	return true;
}

static bool
is_size(uint16_t size)
{
	return size <= TRIGRAMS_SIZE || size == TRIGRAMS_ANY;
}

static size_t
bytes_of(uint16_t size)
{
	return size == TRIGRAMS_ANY ? 0 : (size_t)size * TRIGRAMS_UNIT;
}

bool
index_text_next(struct index_text *x, struct text_entry *e_r)
{
	struct head h;
	struct span rest;
	size_t size;

	if (!reach(x, sizeof h))
		return false;
	memcpy(&h, x->window.at + x->used, sizeof h);
	if (!is_size(h.fields) || !is_size(h.body))
		return false;
	size = sizeof h + bytes_of(h.fields) + bytes_of(h.body);
	if (!reach(x, size))
		return false;
	rest = span_from(str_span(&x->window), x->used);
	if (h.crc != sum_of(x, rest.at, size))
		return false;
	e_r->uid = h.uid;
	e_r->name = h.name;
	e_r->whole = span_head(rest, size);
	rest = span_from(e_r->whole, sizeof h);
	e_r->any_field = h.fields == TRIGRAMS_ANY;
	e_r->fields = span_head(rest, bytes_of(h.fields));
	e_r->any_body = h.body == TRIGRAMS_ANY;
	e_r->body = span_from(rest, bytes_of(h.fields));
	x->used += size;
	x->end += size;
	return true;
}

/* Under the lock: behind the last entry that is whole. What a writer has left
 * there in part, or what is damaged, goes. */
static int
append(struct index_text *x)
{
	struct text_entry others;
	struct stat st;

	str_clear(&x->window);
	x->used = 0;
	while (index_text_next(x, &others))
		;
	if (fstat(x->fd, &st) < 0 || (uint64_t)st.st_size < x->end)
		return -1;
	if ((uint64_t)st.st_size > x->end &&
	    ftruncate(x->fd, (off_t)x->end) < 0)
		return -1;
	if (write_at(x->fd, x->pending.at, x->pending.len, x->end) < 0) {
		/* What can't be cut off ends the file for its readers. */
		if (ftruncate(x->fd, (off_t)x->end) < 0)
			errno = EIO;
		return -1;
	}
	x->end += x->pending.len;
	str_clear(&x->window);
	x->used = 0;
	return 0;
}

static void
drop(struct index_text *x)
{
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

/* After an error nothing more is added. */
static void
flush(struct index_text *x)
{
	if (x->pending.len > 0 && x->fd >= 0) {
		bool mine = lock(x);

		if (!mine || !has_header(x) || append(x) < 0)
			drop(x);
		else
			lock_drop(x->fd);
	}
	str_clear(&x->pending);
}

void
index_text_close(struct index_text *x)
{
	flush(x);
	drop(x);
	str_free(&x->window);
	str_free(&x->pending);
}

void
index_text_add(struct index_text *x, uint32_t uid, uint32_t name,
    const struct trigrams *fields, const struct trigrams *body)
{
	struct head h = { .uid = uid,
		.name = name,
		.fields = trigrams_size(fields),
		.body = trigrams_size(body) };
	size_t from = x->pending.len;

	str_add(&x->pending, (struct span){ (const char *)&h, sizeof h });
	trigrams_put(fields, &x->pending);
	trigrams_put(body, &x->pending);
	h.crc = sum_of(x, x->pending.at + from, x->pending.len - from);
	memcpy(x->pending.at + from, &h.crc, sizeof h.crc);
	if (x->pending.len >= PENDING)
		flush(x);
}

int
index_text_renew(struct index_text *x)
{
	if (x->fd < 0 || !lock(x))
		return -1;
	/* Left by a session that was killed; the lock is ours. */
	unlinkat(x->dir, FILE_NEW, 0);
	x->new = openat(x->dir, FILE_NEW,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (x->new < 0) {
		lock_drop(x->fd);
		return -1;
	}
	x->new_end = sizeof(struct header);
	x->failed = write_header(x, x->new) < 0;
	str_clear(&x->pending);
	index_text_rewind(x);
	return 0;
}

static void
keep_pending(struct index_text *x)
{
	if (!x->failed)
		x->failed = write_at(x->new, x->pending.at, x->pending.len,
				x->new_end) < 0;
	x->new_end += x->pending.len;
	str_clear(&x->pending);
}

void
index_text_keep(struct index_text *x, const struct text_entry *e)
{
	str_add(&x->pending, e->whole);
	if (x->pending.len >= PENDING)
		keep_pending(x);
}

void
index_text_renewed(struct index_text *x)
{
	keep_pending(x);
	if (x->failed || renameat(x->dir, FILE_NEW, x->dir, FILE_NAME) < 0) {
		unlinkat(x->dir, FILE_NEW, 0);
		close(x->new);
		lock_drop(x->fd);
	} else {
		drop(x);
		x->fd = x->new;
		index_text_rewind(x);
		x->end = x->new_end;
	}
	x->new = -1;
}
