#include "retrieve.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "mail/header.h"

enum { READ_SIZE = 8192, SEND_SIZE = 32768 };

/* RFC 1939 7: TOP has an empty line between header and body. */
static void
header_close(struct retrieve *r)
{
	if (r->at == r->header && !r->closed && r->lines != UINT64_MAX) {
		io_put_text(r->io, "\r\n");
		r->closed = true;
	}
	r->done = r->at >= r->header && r->lines == 0;
}

void
retrieve_start(struct retrieve *r)
{
	r->line_begins = true;
	header_close(r);
}

/* Send part of a line without its LF. Interop 18: Outlook stops at a NUL. */
static void
put_part(struct retrieve *r, struct span part)
{
	if (part.len == 0)
		return;
	/* RFC 1939 3: a leading termination octet is doubled. */
	if (r->line_begins && part.at[0] == '.')
		io_put_text(r->io, ".");
	r->line_begins = false;
	r->last = part.at[part.len - 1];
	while (part.len > 0) {
		size_t n = span_find(part, '\0');

		io_put(r->io, span_head(part, n));
		if (n < part.len)
			io_put_text(r->io, "?");
		part = span_from(part, n + 1);
	}
}

static void
end_line(struct retrieve *r)
{
	r->bare += r->last != '\r';
	io_put_text(r->io, r->last == '\r' ? "\n" : "\r\n");
	if (r->at > r->header && r->lines != UINT64_MAX)
		r->lines--;
	r->line_begins = true;
	r->last = '\n';
	header_close(r);
}

void
retrieve_bytes(struct retrieve *r, struct span bytes)
{
	while (bytes.len > 0 && !r->done) {
		size_t n = span_find(bytes, '\n');

		put_part(r, span_head(bytes, n));
		r->at += n + (n < bytes.len);
		if (n < bytes.len)
			end_line(r);
		bytes = span_from(bytes, n + 1);
	}
}

void
retrieve_end(struct retrieve *r)
{
	if (!r->line_begins)
		end_line(r);
	/* Interop 18: a message that is all header gets the empty line after
	 * it. */
	if (!r->closed && r->at == r->header)
		io_put_text(r->io, "\r\n");
	io_put_text(r->io, ".\r\n");
}

/* Find the end of the header. */
static bool
header_find_end(int fd, struct header_scan *scan)
{
	char buffer[READ_SIZE];
	ssize_t n;

	do
		n = pread(fd, buffer, sizeof buffer, (off_t)scan->seen);
	while (n > 0 && !header_scan(scan, (struct span){ buffer, (size_t)n }));
	return n >= 0;
}

/* Send the file; false when reading or writing failed, after which the session
 * can't continue. Most files are read at once, header and all. */
static bool
send_file(struct session *s, uint32_t at, int fd, uint64_t lines)
{
	struct retrieve r = { .io = &s->io, .lines = lines };
	struct header_scan scan = { 0 };
	char buffer[SEND_SIZE];
	ssize_t n = read(fd, buffer, sizeof buffer);

	if (n > 0 && !header_scan(&scan, (struct span){ buffer, (size_t)n }) &&
	    n == (ssize_t)sizeof buffer && !header_find_end(fd, &scan))
		n = -1;
	r.header = header_scan_size(&scan);
	r.closed = header_scan_closed(&scan);
	retrieve_start(&r);
	while (n > 0 && !r.done && !s->io.failed) {
		retrieve_bytes(&r, (struct span){ buffer, (size_t)n });
		n = r.done ? n : read(fd, buffer, sizeof buffer);
	}
	if (n < 0)
		s->io.failed = true;
	else if (n == 0 && !r.done && !s->io.failed)
		folder_measured(&s->folder, at, r.at, r.at + r.bare);
	retrieve_end(&r);
	return !s->io.failed;
}

static bool
look_at(struct session *s, uint32_t at)
{
	int fd = folder_message_open(&s->folder, at);
	struct header_scan scan = { 0 };
	struct stat st;
	unsigned char ends = ENDS_KNOWN;
	char last = '\n';
	bool ok = fd >= 0 && header_find_end(fd, &scan) &&
	    fstat(fd, &st) == 0 &&
	    (st.st_size == 0 || pread(fd, &last, 1, st.st_size - 1) == 1);

	if (fd >= 0)
		close(fd);
	if (!ok)
		return false;
	if (last != '\n')
		ends |= last == '\r' ? ENDS_NO_LF : ENDS_NO_LF | ENDS_NO_CR;
	if (!scan.ended && header_scan_size(&scan) == (uint64_t)st.st_size)
		ends |= ENDS_NO_HEADER;
	s->ends[at] = ends;
	s->looked = true;
	return true;
}

/* It is looked up once, in the index if some session has put it there. */
static bool
find_ends(struct session *s, uint32_t at)
{
	if (s->ends[at] == 0)
		s->ends[at] =
		    (unsigned char)folder_message(&s->folder, at).ends;
	return s->ends[at] != 0 || look_at(s, at);
}

bool
retrieve_size(struct session *s, uint32_t at, uint64_t *size_r)
{
	if (folder_wire(&s->folder, at, size_r) < 0 || !find_ends(s, at))
		return false;
	*size_r += s->ends[at] & ENDS_NO_LF ? 1 : 0;
	*size_r += s->ends[at] & ENDS_NO_CR ? 1 : 0;
	*size_r += s->ends[at] & ENDS_NO_HEADER ? 2 : 0;
	return true;
}

static bool
retrieve(struct session *s, uint32_t at, uint64_t lines)
{
	int fd = folder_message_open(&s->folder, at);
	uint64_t size = 0;
	bool ok;

	if (fd < 0 && errno == ENOTSUP) {
		reply_error(s,
		    "[SYS/PERM] message %u is compressed by another server",
		    at + 1);
		return false;
	}
	if (fd < 0) {
		reply_gone(s, at);
		return false;
	}
	if (retrieve_size(s, at, &size))
		reply_ok(s, "%ju octets", (uintmax_t)size);
	else
		reply_ok(s, "message follows");
	ok = send_file(s, at, fd, lines);
	close(fd);
	return ok;
}

void
cmd_retr(struct session *s, const struct arguments *a)
{
	if (retrieve(s, a->at, UINT64_MAX)) {
		s->marks[a->at] |= MARK_READ;
		s->retrieved++;
	}
}

void
cmd_top(struct session *s, const struct arguments *a)
{
	retrieve(s, a->at, a->count == UINT64_MAX ? a->count - 1 : a->count);
}
