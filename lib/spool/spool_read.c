/* Reading a message. A spool file was written by a neighbour program, but may
 * have been damaged since: everything in it is checked before it is used. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "os/file.h"
#include "spool/format.h"
#include "spool/spool.h"

enum {
	READ_FIRST = 4096, /* holds nearly every envelope */
};

/* A decimal number of exactly width digits. */
static bool
take_fixed(struct span *rest, size_t width, uint64_t *n_r)
{
	if (!span_is_number(span_head(*rest, width), INT64_MAX, n_r) ||
	    rest->len < width)
		return false;
	*rest = span_from(*rest, width);
	return true;
}

static bool
take_lengths(struct span first, struct spool_message *m)
{
	return span_take_text(&first, SPAN("header=")) &&
	    take_fixed(&first, 10, &m->header) &&
	    span_take_text(&first, SPAN(" size=")) &&
	    take_fixed(&first, 20, &m->size) && span_take(&first, '\n');
}

static const char *
broken(const struct stat *st, struct span head, struct spool_message *m)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (!span_take_text(&head, SPAN(SPOOL_MAGIC)))
		return "not of this format";
	if (!take_lengths(head, m) || m->header <= SPOOL_FIRST_LEN ||
	    m->header > SPOOL_HEADER_MAX)
		return "invalid lengths";
	if (m->header > (uint64_t)st->st_size ||
	    m->size != (uint64_t)st->st_size - m->header)
		return "lengths do not match";
	return NULL;
}

/* Read the beginning of the file into head and check it. */
static enum spool_found
head_check(int fd, struct str *head, struct spool_message *m, struct stat *st,
    const char **why)
{
	*m = (struct spool_message){ .fd = fd };
	if (fstat(fd, st) < 0)
		return SPOOL_LATER;
	/* A short read is a fault of the disk, not a permanent error. */
	if (S_ISREG(st->st_mode) &&
	    read_part(fd, 0,
		st->st_size < READ_FIRST ? (size_t)st->st_size : READ_FIRST,
		head) < 0)
		return SPOOL_LATER;
	*why = broken(st, str_span(head), m);
	return *why == NULL ? SPOOL_WHOLE : SPOOL_BROKEN;
}

enum spool_found
spool_check(int fd, struct spool_message *m_r, const char **why_r)
{
	struct str head = STR_INIT;
	struct stat st;
	const char *why = NULL;
	enum spool_found r = head_check(fd, &head, m_r, &st, &why);

	if (why_r != NULL)
		*why_r = why;
	str_free(&head);
	return r;
}

bool
spool_envelope(struct envelope *e, struct span head)
{
	return envelope_parse(e, span_from(head, SPOOL_FIRST_LEN));
}

/* Read the envelope, whose first bytes are in head. */
static enum spool_found
envelope_read(const struct spool_message *m, struct str *head,
    struct envelope *e, const char **why)
{
	if (head->len < m->header &&
	    read_part(m->fd, head->len, m->header - head->len, head) < 0)
		return SPOOL_LATER;
	if (spool_envelope(e, span_head(str_span(head), m->header)))
		return SPOOL_WHOLE;
	*why = "malformed envelope";
	return SPOOL_BROKEN;
}

enum spool_found
spool_read(const struct spool *s, const char *name, struct spool_message *m_r,
    struct envelope *e, const char **why_r)
{
	struct str head = STR_INIT;
	struct stat st;
	const char *why = NULL;
	enum spool_found r = SPOOL_LATER;
	/* O_NONBLOCK: a FIFO must not hold up the queue. */
	int fd = openat(
	    s->new, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		r = head_check(fd, &head, m_r, &st, &why);
		if (r == SPOOL_WHOLE &&
		    (st.st_gid != s->group || (st.st_mode & 022) != 0)) {
			why = "owner or mode is wrong";
			r = SPOOL_BROKEN;
		}
		if (r == SPOOL_WHOLE && e != NULL)
			r = envelope_read(m_r, &head, e, &why);
		if (r != SPOOL_WHOLE) {
			int saved = errno;

			close(fd);
			errno = saved;
		}
	} else if (errno == ENOENT) {
		r = SPOOL_GONE;
	} else if (errno == ELOOP || errno == ENXIO || errno == EISDIR) {
		why = "not a regular file";
		r = SPOOL_BROKEN;
	}
	if (r != SPOOL_WHOLE)
		m_r->fd = -1;
	if (why_r != NULL)
		*why_r = why;
	str_free(&head);
	return r;
}

void
spool_reject(const struct spool *s, const char *name, const char *why)
{
	struct logline l;
	int r = renameat2(s->new, name, s->bad, name, RENAME_NOREPLACE);

	if (r < 0 && (errno == EINVAL || errno == ENOSYS))
		r = renameat(s->new, name, s->bad, name);

	log_start(&l, "bad");
	log_text(&l, "id", name);
	log_text(&l, "reason", why);
	if (r < 0)
		log_errno(&l);
	log_write(&l);
}
