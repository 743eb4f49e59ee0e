#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	READ_SIZE = 2047,   /* lines; with the NUL of a str half a page */
	BULK_SIZE = 32767,  /* for large requests */
	FLUSH_AT = 16384,   /* output is written at this size */
	PIPE_ATOMIC = 4096, /* poll guarantees room for this much (PIPE_BUF) */
	DISCARD_MAX = 64,   /* reads; a flood ends the session anyway */
};

static bool
is_socket(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void
io_init(struct io *io, int in, int out)
{
	*io = (struct io){ .input = STR_INIT, .output = STR_INIT };
	io_switch(io, in, out);
}

void
io_switch(struct io *io, int in, int out)
{
	io->in = in;
	io->out = out;
	io->socket_in = is_socket(in);
	io->socket_out = in == out ? io->socket_in : is_socket(out);
	io->terminal = !io->socket_in && in >= 0 && isatty(in);
	io->transport = NULL;
}

void
io_switch_transport(
    struct io *io, int fd, const struct io_transport *t, void *arg)
{
	io->in = io->out = fd;
	io->socket_in = io->socket_out = io->terminal = false;
	io->transport = t;
	io->transport_arg = arg;
}

void
io_through(struct io *io, const struct io_transport *t, void *arg)
{
	io->transport = t;
	io->transport_arg = arg;
	io->terminal = false;
}

void
io_free(struct io *io)
{
	str_wipe(&io->input);
	str_wipe(&io->output);
}

static bool
deadline_passed(const struct io *io)
{
	return io->deadline > 0 && clock_mono_ms() >= io->deadline;
}

static bool
pulse_stops(struct io *io, int64_t now)
{
	if (io->pulse == NULL || now < io->pulse_at)
		return false;
	io->pulse_at = now + io->pulse_ms;
	return !io->pulse(io->pulse_arg);
}

bool
io_pulse(struct io *io, int64_t *next_ms_r)
{
	int64_t now = io->pulse == NULL ? 0 : clock_mono_ms();
	bool stops = pulse_stops(io, now);

	*next_ms_r = io->pulse == NULL ? -1 : io->pulse_at - now;
	return !stops;
}

/* Wait until fd is ready; IO_OK or IO_TIMEOUT (errors show on use). */
static enum io_result
wait_ready(struct io *io, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t now = clock_mono_ms(), until = io->deadline;

	if (io->idle_ms > 0 && (until == 0 || now + io->idle_ms < until))
		until = now + io->idle_ms;
	for (;; now = clock_mono_ms()) {
		int64_t wait = until == 0 ? -1 : until - now;
		int n;

		if (until > 0 && wait <= 0)
			return IO_TIMEOUT;
		if (io->pulse != NULL &&
		    (wait < 0 || wait > io->pulse_at - now))
			wait = io->pulse_at > now ? io->pulse_at - now : 0;
		n = poll(&p, 1, (int)(wait > INT32_MAX ? INT32_MAX : wait));
		if (n > 0 || (n < 0 && errno != EINTR))
			return IO_OK;
		/* Only now, so that a last reply that can be sent is sent. */
		if (n == 0 && pulse_stops(io, clock_mono_ms()))
			return IO_TIMEOUT;
	}
}

/* The peer did not read our output in time: send nothing more. */
static enum io_result
give_up(struct io *io)
{
	io->failed = true;
	str_clear(&io->output);
	return IO_TIMEOUT;
}

/* Write as much as possible at once; EAGAIN: wait for *events. */
static ssize_t
write_now(struct io *io, struct span rest, short *events)
{
	*events = POLLOUT;
	if (io->transport != NULL)
		return io->transport->write(io->transport_arg, rest, events);
	if (io->socket_out)
		return send(
		    io->out, rest.at, rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(
	    io->out, rest.at, rest.len < PIPE_ATOMIC ? rest.len : PIPE_ATOMIC);
}

enum io_result
io_flush(struct io *io)
{
	size_t done = 0;

	while (!io->failed && done < io->output.len) {
		struct span rest = span_from(str_span(&io->output), done);
		short events;
		ssize_t n;

		if (!io->socket_out && io->transport == NULL &&
		    wait_ready(io, io->out, POLLOUT) != IO_OK)
			return give_up(io);
		n = write_now(io, rest, &events);
		if (n >= 0) {
			done += (size_t)n;
			io->bytes_out += (uint64_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (wait_ready(io, io->out, events) != IO_OK)
				return give_up(io);
		} else if (errno != EINTR) {
			io->failed = true;
		}
	}
	str_clear(&io->output);
	return io->failed ? IO_EOF : IO_OK;
}

void
io_put(struct io *io, struct span bytes)
{
	if (io->failed)
		return;
	if (io->output.len > 0 && io->output.len + bytes.len > FLUSH_AT)
		io_flush(io);
	while (bytes.len > FLUSH_AT && !io->failed) {
		str_add(&io->output, span_head(bytes, FLUSH_AT));
		bytes = span_from(bytes, FLUSH_AT);
		io_flush(io);
	}
	str_add(&io->output, bytes);
}

void
io_put_text(struct io *io, const char *text)
{
	io_put(io, span_text(text));
}

void
io_putf(struct io *io, const char *format, ...)
{
	va_list ap;

	if (io->failed)
		return;
	va_start(ap, format);
	str_add_format(&io->output, format, ap);
	va_end(ap);
	if (io->output.len > FLUSH_AT)
		io_flush(io);
}

void
io_put_now(struct io *io, struct span bytes)
{
	struct pollfd p = { .fd = io->out, .events = POLLOUT };
	short events;
	ssize_t n;

	if (io->failed || io->output.len + bytes.len > FLUSH_AT)
		return;
	str_add(&io->output, bytes);
	if (!io->socket_out && io->transport == NULL && poll(&p, 1, 0) != 1)
		return;
	n = write_now(io, str_span(&io->output), &events);
	if (n > 0) {
		str_shift(&io->output, (size_t)n);
		io->bytes_out += (uint64_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR) {
		io->failed = true;
	}
}

struct span
io_pending(const struct io *io)
{
	return span_from(str_span(&io->input), io->input_at);
}

/* Wait for input, after flushing output that the peer may be waiting for. */
static enum io_result
wait_input(struct io *io)
{
	struct pollfd p = { .fd = io->in, .events = POLLIN };

	if (io->output.len > 0 &&
	    (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN)) &&
	    io_flush(io) == IO_TIMEOUT)
		return IO_TIMEOUT;
	return wait_ready(io, io->in, POLLIN);
}

/* The same over a transport, which has no buffered bytes left. */
static enum io_result
wait_transport(struct io *io, short events)
{
	if (io->output.len > 0 && io_flush(io) == IO_TIMEOUT)
		return IO_TIMEOUT;
	return wait_ready(io, io->in, events);
}

/* How many bytes may be read without passing the end of the current line:
 * everything when not exact; on a socket, up to a LF seen by peeking. */
static ssize_t
read_allowed(struct io *io, char *into, size_t room)
{
	ssize_t n;

	if (!io->exact)
		return (ssize_t)room;
	if (!io->socket_in)
		return 1;
	n = recv(io->in, into, room, MSG_PEEK | MSG_DONTWAIT);
	if (n > 0) {
		size_t lf = span_find((struct span){ into, (size_t)n }, '\n');

		return (ssize_t)(lf == (size_t)n ? lf : lf + 1);
	}
	return n;
}

/* Read what is available; EAGAIN: wait for *events. */
static ssize_t
read_now(struct io *io, char *into, size_t most, short *events)
{
	ssize_t n;

	if (io->transport != NULL)
		return io->transport->read(
		    io->transport_arg, into, io->exact ? 1 : most, events);
	n = read_allowed(io, into, most);
	if (n <= 0)
		return n;
	return io->socket_in ? recv(io->in, into, (size_t)n, MSG_DONTWAIT)
			     : read(io->in, into, (size_t)n);
}

static void
input_shift(struct io *io)
{
	str_shift(&io->input, io->input_at);
	io->input_at = 0;
}

static void
input_grow(struct io *io, size_t n)
{
	io->input.len += n;
	io->input.at[io->input.len] = '\0';
	io->bytes_in += (uint64_t)n;
}

bool
io_ready(struct io *io)
{
	short events;
	ssize_t n;

	if (io_pending(io).len > 0)
		return true;
	if (io->transport == NULL)
		return false;
	input_shift(io);
	n = read_now(
	    io, str_reserve(&io->input, READ_SIZE), READ_SIZE, &events);
	if (n > 0)
		input_grow(io, (size_t)n);
	return n >= 0 ||
	    (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Append more input to the buffer, after dropping bytes already taken. */
static enum io_result
fill(struct io *io, size_t most)
{
	input_shift(io);
	/* The bulk transfer is over. It was not secret, and wiping would touch
	 * pages that were never filled. */
	if (most <= READ_SIZE && io->input.len == 0 &&
	    io->input.size > 2 * READ_SIZE)
		str_free(&io->input);
	for (;;) {
		enum io_result r;
		char *into = str_reserve(&io->input, most);
		bool through = io->transport != NULL;
		short events = POLLIN;
		ssize_t n;

		/* A peer that never lets us wait must not outlive the deadline
		 * either. */
		if (deadline_passed(io) ||
		    (io->pulse != NULL && pulse_stops(io, clock_mono_ms())))
			return IO_TIMEOUT;
		if (!through && (!io->socket_in || io->output.len > 0)) {
			r = wait_input(io);
			if (r != IO_OK)
				return r;
		}
		n = read_now(io, into, most, &events);
		if (n > 0) {
			input_grow(io, (size_t)n);
			return IO_OK;
		}
		if (n == 0)
			return IO_EOF;
		if (errno == EAGAIN || errno == EWOULDBLOCK) {
			r = through ? wait_transport(io, events)
				    : wait_input(io);
			if (r != IO_OK)
				return r;
		} else if (errno != EINTR) {
			return IO_EOF;
		}
	}
}

/* Find the end of the first line of the input, starting at offset scanned. */
static bool
line_end(struct io *io, size_t *scanned, struct span *raw_r)
{
	struct span rest = io_pending(io);
	size_t n = *scanned + span_find(span_from(rest, *scanned), '\n');

	*scanned = n;
	if (n == rest.len)
		return false;
	*raw_r = span_head(rest, n + 1);
	io->input_at += n + 1;
	return true;
}

/* Drop the middle of a line that is over its limit, so that memory stays
 * bounded. The tail shows the line's ending, and in IMAP whether a literal
 * follows. Returns how much of the line stays. */
static size_t
line_cut(struct io *io)
{
	struct span line = io_pending(io);

	if (line.len > IO_LONG_HEAD + IO_LONG_TAIL) {
		str_shift(&io->input, io->input_at);
		io->input_at = 0;
		memmove(io->input.at + IO_LONG_HEAD,
		    io->input.at + io->input.len - IO_LONG_TAIL, IO_LONG_TAIL);
		io->input.len = IO_LONG_HEAD + IO_LONG_TAIL;
		io->input.at[io->input.len] = '\0';
	}
	return io_pending(io).len;
}

/* A line including its LF. */
static enum io_result
line_raw(struct io *io, size_t limit, struct span *raw_r)
{
	size_t scanned = 0;
	bool over = false;

	while (!line_end(io, &scanned, raw_r)) {
		enum io_result r;

		if (scanned > limit) {
			over = true;
			scanned = line_cut(io);
		}
		r = fill(io, READ_SIZE);
		if (r != IO_OK)
			return r;
	}
	return over || raw_r->len > limit ? IO_LONG : IO_OK;
}

enum io_result
io_line(struct io *io, size_t limit, struct span *line_r)
{
	enum io_result r = line_raw(io, limit + 2, line_r);
	struct span line;

	if (r != IO_OK && r != IO_LONG)
		return r;
	line = span_head(*line_r, line_r->len - 1);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	else if (!io->terminal)
		return IO_BARE;
	*line_r = line;
	if (r == IO_LONG || line.len > limit)
		return IO_LONG;
	return span_find(line, '\r') == line.len ? IO_OK : IO_BARE;
}

enum io_result
io_record(struct io *io, size_t limit, struct span *line_r)
{
	enum io_result r = line_raw(io, limit + 1, line_r);

	if (r == IO_OK)
		line_r->len--;
	return r;
}

enum io_result
io_some(struct io *io, size_t max, struct span *bytes_r)
{
	enum io_result r = IO_OK;

	if (io_pending(io).len == 0) {
		bool exact = io->exact;

		io->exact = false;
		r = fill(io, max < BULK_SIZE ? max : BULK_SIZE);
		io->exact = exact;
	}
	if (r != IO_OK)
		return r;
	*bytes_r = span_head(io_pending(io), max);
	io->input_at += bytes_r->len;
	return IO_OK;
}

size_t
io_discard(struct io *io)
{
	size_t n = io_pending(io).len;
	char waste[READ_SIZE];
	ssize_t got = 1;

	str_clear(&io->input);
	io->input_at = 0;
	for (int i = 0; io->socket_in && i < DISCARD_MAX && got > 0; i++) {
		got = recv(io->in, waste, sizeof waste, MSG_DONTWAIT);
		n += got > 0 ? (size_t)got : 0;
	}
	return n;
}
