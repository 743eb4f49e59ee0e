#include "store/quota_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "os/lock.h"

/* Maildir++: a file this long is recounted. */
enum {
	MAILDIRSIZE_MAX = 5120,
	READ_MAX = 1 << 20,
	CERTAIN_S = 15 * 60, /* Maildir++: an older file is recounted when over
			      * quota */
	HOLD_MS = 10000,
};

/* "5368709120S,1000C" */
static bool
read_limits(struct span line, struct quota *q)
{
	uint64_t n;

	q->limit = q->messages = 0;
	for (;;) {
		if (!span_number(&line, INT64_MAX, &n) || line.len == 0)
			return false;
		if (span_take(&line, 'S'))
			q->limit = n;
		else if (span_take(&line, 'C'))
			q->messages = n;
		else
			return false;
		if (!span_take(&line, ','))
			return line.len == 0;
	}
}

/* A number, possibly negative, after optional blanks. */
static bool
take_signed(struct span *rest, int64_t *n_r)
{
	bool negative;
	uint64_t n;

	while (span_take(rest, ' '))
		;
	negative = span_take(rest, '-');
	if (!span_number(rest, INT64_MAX / 2, &n))
		return false;
	*n_r = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

/* The whole file; false when it is damaged. */
static bool
read_text(struct span text, struct quota *q)
{
	struct span line;
	int64_t bytes, count;

	q->used = q->count = 0;
	if (!span_line(&text, &line) || !read_limits(line, q))
		return false;
	while (span_line(&text, &line)) {
		if (!take_signed(&line, &bytes) ||
		    !take_signed(&line, &count) ||
		    __builtin_add_overflow(q->used, bytes, &q->used) ||
		    __builtin_add_overflow(q->count, count, &q->count))
			return false;
	}
	return q->used >= 0 && q->count >= 0;
}

/* The file's contents and state. */
struct found {
	bool there;
	bool readable; /* the usage is known */
	bool long_;    /* it must be shortened */
	bool certain;  /* counted recently, without additions since */
	struct timespec written;
};

static int
read_file(const struct store *s, struct quota *q, struct found *f_r)
{
	struct str text = STR_INIT;
	struct stat st;
	/* A compromised session may put a FIFO there; never block on it. */
	int fd = openat(s->root.dir, "maildirsize",
	    O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	*f_r = (struct found){ .there = fd >= 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == 0 && read_all(fd, READ_MAX, &text) == 0) {
		size_t lines = 0;

		f_r->readable = read_text(str_span(&text), q);
		for (size_t i = 0; i < text.len; i++)
			lines += text.at[i] == '\n';
		f_r->long_ = text.len > MAILDIRSIZE_MAX;
		f_r->certain = lines <= 2 &&
		    st.st_mtime > clock_wall_s() - CERTAIN_S;
		f_r->written = st.st_mtim;
	}
	close(fd);
	str_free(&text);
	return 0;
}

static int
read_usage(
    const struct store *s, uint64_t limit, struct quota *q_r, struct found *f_r)
{
	bool other;

	*q_r = (struct quota){ 0 };
	*f_r = (struct found){ .certain = true };
	if (limit == 0) {
		unlinkat(s->root.dir, "maildirsize", 0);
		return 0;
	}
	if (read_file(s, q_r, f_r) < 0)
		return -1;
	if (limit == QUOTA_AS_WRITTEN && !f_r->there)
		return 0;
	other = limit != QUOTA_AS_WRITTEN && limit != q_r->limit;
	if (f_r->readable && !f_r->long_ && !other)
		return 0;
	if (other)
		q_r->limit = limit;
	if (q_r->limit == 0 && q_r->messages == 0)
		return 0;
	f_r->certain = quota_count(s, q_r) == 0;
	if (f_r->certain)
		return 0;
	/* The account is busy: use the stored figures for now. */
	return f_r->readable && errno == EAGAIN ? 0 : -1;
}

int
quota_read(const struct store *s, uint64_t limit, struct quota *q_r)
{
	struct found f;

	return read_usage(s, limit, q_r, &f);
}

int
quota_room(const struct store *s, uint64_t limit, uint64_t bytes,
    uint64_t count, struct quota *q_r)
{
	struct found f;

	if (read_usage(s, limit, q_r, &f) < 0)
		return -1;
	if (!quota_over(q_r, bytes, count))
		return 1;
	/* The mailbox may have been emptied by hand. */
	f.certain = f.certain && !quota_is_stale(s, f.written);
	if (!f.certain && quota_count(s, q_r) < 0 && errno != EAGAIN)
		return -1;
	return !quota_over(q_r, bytes, count);
}

void
quota_hold(const struct store *s, struct quota_change *c)
{
	c->lock = -1;
	c->there = faccessat(s->root.dir, "maildirsize", F_OK, 0) == 0;
	if (c->there)
		c->lock = lock_share(s->root.dir, "quota.lock", HOLD_MS);
}

void
quota_release(const struct store *s, struct quota_change *c)
{
	struct quota q;
	int saved = errno;

	if (c->there && (c->bytes != 0 || c->count != 0))
		quota_add(s, NULL, c->bytes, c->count);
	if (c->lock >= 0)
		close(c->lock);
	/* A recount has happened, with or without this change. */
	if (!c->there && c->count != 0 &&
	    quota_read(s, QUOTA_AS_WRITTEN, &q) == 0 &&
	    (q.limit > 0 || q.messages > 0))
		quota_count(s, &q);
	errno = saved;
}

int
quota_add(const struct store *s, struct quota *q, int64_t bytes, int64_t count)
{
	struct str line = STR_INIT;
	int fd = openat(s->root.dir, "maildirsize",
	    O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (q != NULL) {
		q->used += bytes;
		q->count += count;
	}
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	str_addf(&line, "%jd %jd\n", (intmax_t)bytes, (intmax_t)count);
	r = write_all(fd, str_span(&line));
	close(fd);
	str_free(&line);
	return r;
}

int
quota_verify(
    const struct store *s, struct quota *written_r, struct quota *counted_r)
{
	struct found f;
	int lock, r;

	*written_r = *counted_r = (struct quota){ 0 };
	if (faccessat(s->root.dir, "maildirsize", F_OK, 0) < 0)
		return errno == ENOENT ? 0 : -1;
	lock = lock_take(s->root.dir, "quota.lock", QUOTA_ALONE_MS);
	if (lock < 0)
		return -1;
	r = read_file(s, written_r, &f);
	if (r == 0 && !f.readable)
		written_r->used = written_r->count = -1;
	if (r == 0)
		r = quota_sum(s, counted_r);
	close(lock);
	return r < 0 ? -1 : f.there;
}

bool
quota_over(const struct quota *q, uint64_t bytes, uint64_t count)
{
	return (q->limit > 0 && (uint64_t)q->used + bytes > q->limit) ||
	    (q->messages > 0 && (uint64_t)q->count + count > q->messages);
}
