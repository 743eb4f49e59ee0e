/* A conversation over descriptors: buffers in both directions and a deadline.
 * Works on sockets, pipes, files and terminals, blocking or not. Output waits
 * in its buffer until the next read would block, io_flush(), or it is full; so
 * pipelined commands get their replies in one packet (RFC 2920 3.2).
 *
 * This holds the only function that reads a protocol line. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <sys/types.h>

#include "base/str.h"

enum io_result {
	IO_OK,
	IO_EOF, /* the peer closed, or an error that amounts to it (errno) */
	IO_TIMEOUT, /* the deadline or the idle limit passed */
	IO_LONG, /* the line is over the limit; it has been read to its end */
	IO_BARE, /* a CR or LF by itself; the line has been read to its end */
};

/* What bytes pass through on their way over a non-blocking descriptor: TLS.
 * Each call does what it can at once: the number of bytes, 0 at the end, or -1
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
	int64_t deadline;  /* clock_mono_ms() at which all ends; 0 = never */
	int idle_ms;       /* longest wait for one byte in or out; 0 = ever */
	bool exact;        /* never read past the line or bytes asked for */
	bool terminal;     /* a line typed by hand may end in LF alone */
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
 * good until the next call. On a terminal LF alone ends a line too. */
enum io_result io_line(struct io *io, size_t limit, struct span *line_r);
/* Read one LF-ended record of a neighbour program, of at most limit bytes. */
enum io_result io_record(struct io *io, size_t limit, struct span *line_r);
/* Get 1 to max bytes, whatever is there first; good until the next call. */
enum io_result io_some(struct io *io, size_t max, struct span *bytes_r);
/* What is already buffered, without reading. */
struct span io_pending(const struct io *io);
/* Throw away the buffered input and all that is waiting to be read: plaintext
 * after STARTTLS is not part of the session that follows (RFC 3207 4.2).
 * Returns how many bytes that was. */
size_t io_discard(struct io *io);
/* Go on over other descriptors (after STARTTLS); buffers must be empty. */
void io_switch(struct io *io, int in, int out);
/* The same over one descriptor, through a transport. */
void io_switch_transport(
    struct io *io, int fd, const struct io_transport *t, void *arg);

void io_put(struct io *io, struct span bytes);
void io_put_text(struct io *io, const char *text);
__attribute__((format(printf, 2, 3))) void io_putf(
    struct io *io, const char *format, ...);
/* Write out what waits; IO_OK, IO_EOF (peer gone) or IO_TIMEOUT. */
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
