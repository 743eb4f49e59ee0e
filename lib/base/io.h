/* A conversation over descriptors: buffers in both directions and a deadline.
 * Works on sockets, pipes, files and terminals, blocking or not. Output stays
 * in its buffer until the next read would block, io_flush() is called, or it is
 * full; so pipelined commands get their replies in one packet (RFC 2920 3.2).
 *
 * Only this module reads protocol lines. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <sys/types.h>

#include "base/str.h"

enum io_result {
	IO_OK,
	IO_EOF,     /* the peer closed, or an equivalent error (errno) */
	IO_TIMEOUT, /* the deadline or idle limit passed, or the pulse returned
		     * false */
	IO_LONG, /* the line is over the limit; it has been read to its end */
	IO_BARE, /* a CR or LF by itself; the line has been read to its end */
};

/* The kept part of a line over the limit: its first bytes and at least its last
 * ones, so that the command or reply can still be recognised. */
enum { IO_LONG_HEAD = 256, IO_LONG_TAIL = 64 };

/* What bytes pass through on their way over a descriptor: TLS, compression.
 * No call waits; each does what it can at once: the number of bytes, 0 at the end, or -1
 * and errno; with EAGAIN *events_r is what poll(2) is to wait for. */
struct io_transport {
	ssize_t (*read)(void *arg, char *into, size_t room, short *events_r);
	ssize_t (*write)(void *arg, struct span bytes, short *events_r);
};

struct io {
	int in;           /* -1: output only */
	int out;          /* -1: input only; not owned, as in */
	struct str input; /* read, not taken; input_at is the first byte */
	size_t input_at;
	struct str output; /* not written yet */
	int64_t deadline;  /* clock_mono_ms() when all ends; 0: never */
	int idle_ms;       /* longest wait for one byte in or out; 0: forever */
	/* Called every pulse_ms, waiting or not, to decide whether to go on;
	 * false ends the conversation like a deadline. NULL: none. */
	bool (*pulse)(void *arg);
	void *pulse_arg;
	int pulse_ms;
	int64_t pulse_at; /* clock_mono_ms() of the next call */
	bool exact;       /* never read past the requested line or bytes */
	bool terminal;    /* a line typed by hand may end in LF alone */
	bool socket_in;
	bool socket_out;
	const struct io_transport *transport; /* NULL: none */
	void *transport_arg;
	bool failed;       /* writing failed; further output is dropped */
	uint64_t bytes_in; /* totals, for logs */
	uint64_t bytes_out;
};

void io_init(struct io *io, int in, int out);
/* Frees the buffers (wiped: they held passwords); the descriptors stay. */
void io_free(struct io *io);

/* Read one line ended by CRLF, of at most limit bytes without it. The span is
 * valid until the next call; with IO_LONG it is the kept part of the line, with
 * IO_BARE the line as received. On a terminal LF alone ends a line too. */
enum io_result io_line(struct io *io, size_t limit, struct span *line_r);
/* Read one LF-ended record of a neighbour program, of at most limit bytes. */
enum io_result io_record(struct io *io, size_t limit, struct span *line_r);
/* Get 1 to max bytes, as soon as any arrive; valid until the next call. */
enum io_result io_some(struct io *io, size_t max, struct span *bytes_r);
/* For callers that do their own waiting: call the pulse if it is due;
 * *next_ms_r: ms until it is due again, -1: there is none. False: end. */
bool io_pulse(struct io *io, int64_t *next_ms_r);
/* The buffered input, without reading more. */
struct span io_pending(const struct io *io);
/* The next read has bytes, or the end, without poll(2): they are buffered, or
 * come out of the transport now. For who waits by itself; false while a
 * transport is used means that it holds nothing back. */
bool io_ready(struct io *io);
/* Discard the buffered input and everything ready to be read: plaintext after
 * STARTTLS is not part of the session that follows (RFC 3207 4.2). Returns the
 * number of bytes. */
size_t io_discard(struct io *io);
/* Continue on other descriptors (after STARTTLS); buffers must be empty. */
void io_switch(struct io *io, int in, int out);
/* The same on one descriptor, through a transport. */
void io_switch_transport(
    struct io *io, int fd, const struct io_transport *t, void *arg);

/* The same descriptors from now on through a transport. Output that waits must
 * have been flushed. */
void io_through(struct io *io, const struct io_transport *t, void *arg);

void io_put(struct io *io, struct span bytes);
void io_put_text(struct io *io, const char *text);
__attribute__((format(printf, 2, 3))) void io_putf(
    struct io *io, const char *format, ...);
/* The same for what the peer can do without: it is written, and all before it, as
 * far as that goes without waiting; dropped when much waits already. For who holds
 * a lock that others wait for. */
void io_put_now(struct io *io, struct span bytes);
/* Write the buffered output; IO_OK, IO_EOF (peer gone) or IO_TIMEOUT. */
enum io_result io_flush(struct io *io);

/* write(2) everything, through EINTR and short writes; -1 and errno. */
int write_all(int fd, struct span bytes);
/* Read a whole file or stream up to limit bytes into out; -1 and errno
 * (EFBIG when there is more). */
int read_all(int fd, size_t limit, struct str *out);
/* Append exactly len bytes of the file at offset; -1 and errno, EIO when it is
 * shorter. */
int read_part(int fd, uint64_t offset, size_t len, struct str *out);

#endif
