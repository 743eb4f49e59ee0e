#include "compress.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "answer.h"
#include "argument.h"
#include "command.h"

enum {
	LEVEL = 5,
	/* Raw deflate. The client may use a window of 32 KB; ours is
	 * of 8 KB and, with the tables for it, takes 64 KB. */
	WINDOW_IN = -15,
	WINDOW_OUT = -13,
	TABLES_OUT = 6,
	READ_SIZE = 2047, /* with the NUL of a str half a page */
	CHUNK = 4095,     /* of output; a pipe takes it whole */
	KEEP_BUFFER = 8192,
};

struct compress {
	const struct io *io;
	z_stream in, out;
	struct str read; /* not inflated yet, from read_at on */
	size_t read_at;
	struct str written; /* not written yet, from written_at on */
	size_t written_at;
	size_t taken;  /* bytes that `written` stands for */
	uint64_t left; /* bytes that this command may still inflate to */
	bool active, over;
};

/* Read or write what is possible without blocking; a pipe is polled first. */
static bool
is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, 0) > 0)
		return true;
	errno = EAGAIN;
	return false;
}

static ssize_t
raw_read(struct compress *c)
{
	char *into;
	ssize_t n;

	str_clear(&c->read);
	c->read_at = 0;
	into = str_reserve(&c->read, READ_SIZE);
	if (c->io->socket_in)
		n = recv(c->io->in, into, READ_SIZE, MSG_DONTWAIT);
	else if (is_ready(c->io->in, POLLIN))
		n = read(c->io->in, into, READ_SIZE);
	else
		n = -1;
	if (n > 0)
		c->read.len = (size_t)n;
	return n;
}

/* 0 bytes: more input is needed. -1: the input is not valid deflate, or inflates
 * to too much. */
static ssize_t
inflate_some(struct compress *c, char *into, size_t room)
{
	struct span raw = span_from(str_span(&c->read), c->read_at);
	size_t n;
	int r;

	if (c->left == 0) {
		c->over = true;
		errno = EMSGSIZE;
		return -1;
	}
	if (room > c->left)
		room = (size_t)c->left;
	c->in.next_in = (unsigned char *)(uintptr_t)raw.at;
	c->in.avail_in = (unsigned)raw.len;
	c->in.next_out = (unsigned char *)into;
	c->in.avail_out = (unsigned)room;
	r = inflate(&c->in, Z_SYNC_FLUSH);
	c->read_at += raw.len - c->in.avail_in;
	n = room - c->in.avail_out;
	c->left -= n;
	if (n == 0 && r != Z_OK && r != Z_BUF_ERROR) {
		errno = EPROTO;
		return -1;
	}
	return (ssize_t)n;
}

static ssize_t
compress_read(void *arg, char *into, size_t room, short *events_r)
{
	struct compress *c = arg;
	ssize_t n;

	*events_r = POLLIN;
	do {
		n = inflate_some(c, into, room);
		if (n != 0)
			return n;
		n = raw_read(c);
	} while (n > 0);
	return n;
}

/* The data is flushed to its end, so that no part of an answer is held back (RFC
 * 4978 4). */
static void
deflate_all(struct compress *c, struct span bytes)
{
	c->out.next_in = (unsigned char *)(uintptr_t)bytes.at;
	c->out.avail_in = (unsigned)bytes.len;
	do {
		c->out.next_out = (unsigned char *)str_reserve(
		    &c->written, CHUNK);
		c->out.avail_out = CHUNK;
		deflate(&c->out, Z_SYNC_FLUSH);
		c->written.len += CHUNK - c->out.avail_out;
	} while (c->out.avail_out == 0);
}

static ssize_t
raw_write(struct compress *c, struct span rest)
{
	if (c->io->socket_out)
		return send(
		    c->io->out, rest.at, rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!is_ready(c->io->out, POLLOUT))
		return -1;
	return write(c->io->out, rest.at, rest.len < CHUNK ? rest.len : CHUNK);
}

/* The caller repeats the call with the same bytes until they are taken. */
static ssize_t
compress_write(void *arg, struct span bytes, short *events_r)
{
	struct compress *c = arg;
	size_t taken;

	*events_r = POLLOUT;
	/* Else more has come behind these since. */
	if (c->taken == 0) {
		deflate_all(c, bytes);
		c->taken = bytes.len;
	}
	while (c->written_at < c->written.len) {
		ssize_t n = raw_write(
		    c, span_from(str_span(&c->written), c->written_at));

		if (n < 0)
			return -1;
		c->written_at += (size_t)n;
	}
	if (c->written.size > KEEP_BUFFER)
		str_free(&c->written);
	str_clear(&c->written);
	taken = c->taken;
	c->written_at = c->taken = 0;
	return (ssize_t)taken;
}

static const struct io_transport transport = { compress_read, compress_write };

void
compress_begin(struct session *s)
{
	struct compress *c = s->compress;

	if (c == NULL || c->active)
		return;
	c->active = true;
	io_flush(&s->io);
	io_through(&s->io, &transport, c);
}

void
compress_renew(struct session *s)
{
	if (s->compress != NULL)
		s->compress->left = s->limits.message_size + COMPRESS_MORE;
}

bool
compress_is_over(const struct session *s)
{
	return s->compress != NULL && s->compress->over;
}

void
compress_end(struct session *s)
{
	struct compress *c = s->compress;

	if (c == NULL)
		return;
	inflateEnd(&c->in);
	deflateEnd(&c->out);
	str_free(&c->read);
	str_free(&c->written);
	free(c);
	s->compress = NULL;
}

static struct compress *
compress_new(const struct io *io)
{
	struct compress *c = mem_new(sizeof *c);

	c->io = io;
	str_init(&c->read);
	str_init(&c->written);
	if (inflateInit2(&c->in, WINDOW_IN) == Z_OK) {
		if (deflateInit2(&c->out, LEVEL, Z_DEFLATED, WINDOW_OUT,
			TABLES_OUT, Z_DEFAULT_STRATEGY) == Z_OK)
			return c;
		inflateEnd(&c->in);
	}
	free(c);
	return NULL;
}

void
cmd_compress(struct session *s)
{
	if (!parse_space(&s->parser) || !parse_is(&s->parser, "DEFLATE")) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (s->compress != NULL) {
		answer(s, RESULT_NO, "[COMPRESSIONACTIVE] Already active");
		return;
	}
	/* RFC 4978 3: the input after the answer is compressed; a client sends
	 * nothing in between. */
	if (io_pending(&s->io).len > 0) {
		answer(s, RESULT_BAD,
		    "No command may follow COMPRESS before its answer");
		return;
	}
	s->compress = compress_new(&s->io);
	if (s->compress == NULL)
		answer(s, RESULT_NO, "[UNAVAILABLE] Out of memory");
	else
		answer(s, RESULT_OK, "Compression active");
}
