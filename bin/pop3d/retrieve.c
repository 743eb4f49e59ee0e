#include "retrieve.h"

#include <string.h>
#include <unistd.h>

#include "command.h"

enum { READ_SIZE = 8192 };

void
retrieve_start(struct retrieve *r, struct io *io, uint64_t lines)
{
	*r = (struct retrieve){
		.io = io, .lines = lines, .in_header = true, .line_begins = true
	};
}

/* Part of a line without its LF. Interop 18: Outlook stops at a NUL. */
static void
put_part(struct retrieve *r, struct span part)
{
	if (part.len == 0)
		return;
	/* RFC 1939 3: a termination octet at the front is doubled. */
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
end_line(struct retrieve *r, bool empty)
{
	io_put_text(r->io, r->last == '\r' ? "\n" : "\r\n");
	if (!r->in_header && r->lines != UINT64_MAX)
		r->lines--;
	if (empty)
		r->in_header = false;
	r->line_begins = true;
	r->last = '\n';
	r->done = !r->in_header && r->lines == 0;
}

void
retrieve_bytes(struct retrieve *r, struct span bytes)
{
	while (bytes.len > 0 && !r->done) {
		size_t n = span_find(bytes, '\n');
		struct span part = span_head(bytes, n);
		bool whole = r->line_begins && n < bytes.len;
		bool empty = whole &&
		    (n == 0 || (n == 1 && bytes.at[0] == '\r'));

		/* A lone CR may have ended the last piece. */
		if (n == 0 && !r->line_begins && r->only_cr)
			empty = true;
		r->only_cr = r->line_begins && n == 1 && bytes.at[0] == '\r';
		put_part(r, part);
		if (n < bytes.len)
			end_line(r, empty);
		bytes = span_from(bytes, n + 1);
	}
}

void
retrieve_end(struct retrieve *r)
{
	if (!r->line_begins)
		end_line(r, false);
	/* Interop 18: a message without an end of the header gets one. */
	if (r->in_header)
		io_put_text(r->io, "\r\n");
	io_put_text(r->io, ".\r\n");
}

/* Send the file; false when reading or writing failed, and then nothing more
 * can be said in this session. */
static bool
send_file(struct session *s, int fd, uint64_t lines)
{
	struct retrieve r;
	char buffer[READ_SIZE];
	ssize_t n = 0;

	retrieve_start(&r, &s->io, lines);
	while (!r.done && !s->io.failed &&
	    (n = read(fd, buffer, sizeof buffer)) > 0)
		retrieve_bytes(&r, (struct span){ buffer, (size_t)n });
	if (n < 0)
		s->io.failed = true;
	retrieve_end(&r);
	return !s->io.failed;
}

static bool
retrieve(struct session *s, uint32_t at, uint64_t lines)
{
	int fd = folder_message_open(&s->folder, at);
	uint64_t size = 0;
	bool ok;

	if (fd < 0) {
		reply_gone(s, at);
		return false;
	}
	if (folder_wire(&s->folder, at, &size) == 0)
		reply_ok(s, "%ju octets", (uintmax_t)size);
	else
		reply_ok(s, "message follows");
	ok = send_file(s, fd, lines);
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
