#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "complain.h"
#include "mail/header.h"

enum { CHUNK = 32768, LINE_HELD = 65536, WRITE_AT = 65536 };

struct reader {
	struct message *message;
	const struct message_limits *limits;
	struct str line;    /* the current line, or its buffered part */
	struct str pending; /* of the body, not written yet */
	bool begun;         /* the line's beginning is written already */
	bool in_body;
	bool after_return; /* the last byte was a CR */
	bool ended;
};

int
message_file(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("message", MFD_CLOEXEC);
}

static void
body_flush(struct reader *r)
{
	if (write_all(r->message->body, str_span(&r->pending)) < 0)
		complain_and_end(TEMP, "there is no room for the message: %s",
		    strerror(errno));
	str_clear(&r->pending);
}

static void
body_add(struct reader *r, struct span text)
{
	str_add(&r->pending, text);
	if (r->pending.len >= WRITE_AT)
		body_flush(r);
}

static bool
is_header(const struct reader *r, struct span line)
{
	struct header_field f;

	if (r->message->header.len > 0 && line.len > 0 &&
	    byte_is_blank(line.at[0]))
		return true;
	return header_next(&line, &f) && f.name.len > 0;
}

/* A line of the header, or the first of the body. */
static void
header_line(struct reader *r, struct span line)
{
	struct message *m = r->message;

	if (is_header(r, line)) {
		str_add(&m->header, line);
		str_add_byte(&m->header, '\n');
		if (m->header.len > r->limits->header)
			complain_and_end(
			    DATA, "the header of the message is too long");
		return;
	}
	/* A file in mbox format begins with "From ", which is not a header. */
	if (m->header.len == 0 &&
	    (span_starts(line, SPAN("From ")) ||
		span_starts(line, SPAN(">From "))))
		return;
	r->in_body = true;
	if (line.len > 0) { /* there was no empty line, so this is body */
		body_add(r, line);
		body_add(r, SPAN("\n"));
	}
}

static void
line_end(struct reader *r)
{
	struct span line = str_span(&r->line);

	if (!r->begun && !r->limits->dot_is_text &&
	    span_equal(line, SPAN("."))) {
		r->ended = true;
	} else if (r->in_body) {
		body_add(r, line);
		body_add(r, SPAN("\n"));
	} else {
		header_line(r, line);
	}
	r->message->size += line.len + 2;
	str_clear(&r->line);
	r->begun = false;
	if (r->message->size > r->limits->size)
		complain_and_end(DATA,
		    "the message is larger than %llu bytes, which is the limit",
		    (unsigned long long)r->limits->size);
}

/* A long line is passed on in pieces. */
static void
line_pass(struct reader *r)
{
	if (!r->in_body && is_header(r, str_span(&r->line))) {
		if (r->line.len > r->limits->header)
			complain_and_end(
			    DATA, "the header of the message is too long");
		return;
	}
	r->in_body = true;
	r->begun = true;
	r->message->size += r->line.len;
	body_add(r, str_span(&r->line));
	str_clear(&r->line);
}

/* RFC 5322 2.3: CR and LF only together. A bare CR (as in progress bars), or a
 * run of them, ends a line; NUL is dropped. */
static void
byte_take(struct reader *r, char c)
{
	if (c == '\r') {
		r->after_return = true;
		return;
	}
	if (c == '\n' || r->after_return)
		line_end(r);
	r->after_return = false;
	if (c == '\n' || c == '\0' || r->ended)
		return;
	r->message->eight_bit |= (unsigned char)c > 127;
	str_add_byte(&r->line, c);
	if (r->line.len >= LINE_HELD)
		line_pass(r);
}

void
message_read(struct message *m, const struct message_limits *l)
{
	struct reader r = {
		.message = m, .limits = l, .line = STR_INIT, .pending = STR_INIT
	};
	char chunk[CHUNK];
	ssize_t n = 0;

	while (!r.ended && (n = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno != EINTR)
			complain_and_end(TEMP, "the message can't be read: %s",
			    strerror(errno));
		for (ssize_t i = 0; i < n && !r.ended; i++)
			byte_take(&r, chunk[i]);
	}
	if (!r.ended && (r.line.len > 0 || r.begun || r.after_return))
		line_end(&r);
	body_flush(&r);
	str_free(&r.line);
	str_free(&r.pending);
}
