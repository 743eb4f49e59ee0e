#include "store/uids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/record.h"
#include "os/file.h"
#include "os/lock.h"

enum { BLOCK = 200, TEXT_MAX = 256, VALIDITY_WAIT_MS = 10000 };
/* The value of `boot` while a reservation may not be on disk yet. */
#define BOOT_NONE "0000000000000000"

bool
uids_parse(struct span text, const char *boot, struct uids *u_r)
{
	struct str said = STR_INIT;
	uint64_t validity = 0, reserved = 0, next = 0, recent = 0;
	struct span line;
	bool ok = span_find(text, '\n') < text.len && span_line(&text, &line) &&
	    span_take_text(&line, SPAN("chainmail-uids 1 ")) &&
	    record_get_number(line, "validity", UINT32_MAX, &validity) &&
	    record_get_number(line, "reserved", UINT32_MAX, &reserved) &&
	    validity > 0 && reserved > 0;

	if (ok) {
		*u_r = (struct uids){ .validity = (uint32_t)validity,
			.next = (uint32_t)reserved,
			.reserved = (uint32_t)reserved };
		if (record_get_number(line, "next", reserved, &next) &&
		    next > 0 && record_get(line, "boot", &said) &&
		    span_equal(str_span(&said), span_text(boot)))
			u_r->next = (uint32_t)next;
		u_r->recent = u_r->next;
		if (record_get_number(line, "recent", u_r->next, &recent) &&
		    recent > 0)
			u_r->recent = (uint32_t)recent;
	}
	str_free(&said);
	return ok;
}

static int
read_fd(int fd, const char *boot, struct uids *u_r)
{
	char text[TEXT_MAX];
	ssize_t n = pread(fd, text, sizeof text, 0);

	if (n < 0)
		return -1;
	if (uids_parse((struct span){ text, (size_t)n }, boot, u_r))
		return 0;
	errno = EBADMSG;
	return -1;
}

int
uids_read(int dir, const char *boot, struct uids *u_r)
{
	int r,
	    fd = openat(
		dir, "uids", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return -1;
	r = read_fd(fd, boot, u_r);
	close(fd);
	return r;
}

static size_t
format(char text[TEXT_MAX], const struct uids *u, const char *boot)
{
	return (size_t)snprintf(text, TEXT_MAX,
	    "chainmail-uids 1 validity=%010u reserved=%010u next=%010u "
	    "recent=%010u boot=%s\n",
	    u->validity, u->reserved, u->next, u->recent, boot);
}

static int
write_fd(int fd, const struct uids *u, const char *boot)
{
	char text[TEXT_MAX];
	size_t len = format(text, u, boot);
	ssize_t n = pwrite(fd, text, len, 0);

	if (n == (ssize_t)len)
		return 0;
	if (n >= 0)
		errno = EIO;
	return -1;
}

/* A new file in tmp/, to be committed. */
static int
prepare(
    struct commit *c, const struct maildir *m, const char *from, const char *to)
{
	*c = (struct commit){ .from_dir = m->tmp,
		.from = from,
		.to_dir = m->dir,
		.to = to,
		.replace = true };
	unlinkat(m->tmp, from, 0); /* left by a crash; the lock is ours */
	c->fd = file_create(m->tmp, from, 0);
	return c->fd < 0 ? -1 : 0;
}

static void
discard(struct commit *c)
{
	int saved = errno;

	if (c->fd < 0)
		return;
	close(c->fd);
	unlinkat(c->from_dir, c->from, 0);
	errno = saved;
}

static int
write_taken(int fd, uint32_t validity, const char *taken)
{
	struct str text = STR_INIT;
	int r;

	str_addf(&text, "chainmail-takeover 1 from=%s validity=%u\n", taken,
	    (unsigned)validity);
	r = write_all(fd, str_span(&text));
	str_free(&text);
	return r;
}

int
uids_create(const struct maildir *m, const struct uids *u, const char *taken)
{
	struct commit c[2] = { { .fd = -1 }, { .fd = -1 } };
	struct uids now = *u;
	size_t n = taken == NULL ? 1 : 2;
	int r = -1;

	now.reserved = now.recent = now.next;
	if (prepare(&c[0], m, "uids.new", "uids") == 0 &&
	    write_fd(c[0].fd, &now, BOOT_NONE) == 0 &&
	    (taken == NULL ||
		(prepare(&c[1], m, "takeover.new", "takeover") == 0 &&
		    write_taken(c[1].fd, u->validity, taken) == 0)))
		r = file_commit(c, n);
	for (size_t i = 0; i < n; i++)
		discard(&c[i]);
	return r;
}

/* Reserve a block. Until it is known to be on disk `boot` is BOOT_NONE, so that
 * no other process trusts a reservation that a power cut can undo. */
static int
reserve(int fd, struct uids *u, uint32_t n)
{
	struct uids before = *u;

	if (u->next > UINT32_MAX - 1 - BLOCK - n) {
		errno = EOVERFLOW;
		return -1;
	}
	u->reserved = u->next + n + BLOCK;
	if (write_fd(fd, u, BOOT_NONE) == 0 && fdatasync(fd) == 0)
		return 0;
	int saved = errno;

	*u = before;
	write_fd(fd, &before, BOOT_NONE);
	errno = saved;
	return -1;
}

uint32_t
uids_take(int dir, const char *boot, uint32_t n, bool told, struct uids *u_r)
{
	int fd = openat(dir, "uids", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	uint32_t first = 0;

	if (fd < 0)
		return 0;
	if (read_fd(fd, boot, u_r) == 0 &&
	    (u_r->reserved - u_r->next >= n || reserve(fd, u_r, n) == 0)) {
		first = u_r->next;
		u_r->next += n;
		if (told)
			u_r->recent = u_r->next;
		if (write_fd(fd, u_r, boot) < 0)
			first = 0;
	}
	int saved = errno;

	close(fd);
	errno = saved;
	return first;
}

void
uids_told(int dir, const char *boot, const struct uids *u)
{
	int fd = openat(dir, "uids", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct uids now = *u;

	now.recent = now.next;
	if (fd >= 0) {
		write_fd(fd, &now, boot);
		close(fd);
	}
}

uint32_t
uids_validity_new(const struct store *s)
{
	int fd = lock_take(s->root.dir, "validity", VALIDITY_WAIT_MS);
	char text[TEXT_MAX];
	uint64_t last = 0, now = (uint64_t)clock_wall_s();
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
	struct span line = { text, n < 0 ? 0 : (size_t)n };

	if (fd < 0)
		return 0;
	if (n >= 0 && span_take_text(&line, SPAN("chainmail-validity 1 last=")))
		span_number(&line, UINT32_MAX - 1, &last);
	if (now <= last)
		now = last + 1;
	int len = snprintf(text, sizeof text,
	    "chainmail-validity 1 last=%010ju\n", (uintmax_t)now);

	if (n < 0 || now > UINT32_MAX ||
	    pwrite(fd, text, (size_t)len, 0) != len || fdatasync(fd) < 0 ||
	    (n == 0 && fsync(s->root.dir) < 0))
		now = 0;
	close(fd);
	return (uint32_t)now;
}
