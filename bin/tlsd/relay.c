#include "relay.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/span.h"

enum {
	BUFFER = 16384,  /* one TLS record */
	QUIET_MS = 2000, /* after this memory is given back */
	LINGER_MS = 2000,
};

/* One direction: bytes read and not yet written. */
struct flow {
	char *buffer;
	size_t at, len;
	bool ended;  /* no more to read */
	bool closed; /* and the other side was told */
};

struct relay {
	SSL *ssl;
	int tcp, plain;
	struct flow in, out; /* in: from the network to the program */
	bool want_write;     /* TLS must write before it can read */
	bool broken;         /* the network side is of no more use */
};

static void
tls_failed(struct relay *r, int result, struct flow *f)
{
	switch (SSL_get_error(r->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_WANT_WRITE:
		r->want_write = true;
		break;
	case SSL_ERROR_ZERO_RETURN:
		f->ended = true;
		break;
	default:
		f->ended = true;
		r->broken = true;
	}
}

/* From the network to the program; true if anything moved. */
static bool
move_in(struct relay *r)
{
	struct flow *f = &r->in;
	ssize_t n;

	if (f->len == 0 && !f->ended) {
		int got = SSL_read(r->ssl, f->buffer, BUFFER);

		if (got > 0) {
			f->at = 0;
			f->len = (size_t)got;
		} else {
			tls_failed(r, got, f);
		}
	}
	if (f->len == 0) {
		if (!f->ended || f->closed)
			return false;
		f->closed = true;
		shutdown(r->plain, SHUT_WR);
		return true;
	}
	n = send(
	    r->plain, f->buffer + f->at, f->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0) {
		f->at += (size_t)n;
		f->len -= (size_t)n;
		return true;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		f->len = 0; /* the program reads no more */
		f->ended = f->closed = true;
	}
	return false;
}

/* From the program to the network; true if anything moved. */
static bool
move_out(struct relay *r)
{
	struct flow *f = &r->out;
	int n;

	if (f->len == 0 && !f->ended) {
		ssize_t got = recv(r->plain, f->buffer, BUFFER, MSG_DONTWAIT);

		if (got > 0) {
			f->at = 0;
			f->len = (size_t)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			f->ended = true;
		}
	}
	if (f->len == 0) {
		if (!f->ended || f->closed)
			return false;
		f->closed = true;
		SSL_shutdown(r->ssl); /* close_notify */
		shutdown(r->tcp, SHUT_WR);
		return true;
	}
	n = SSL_write(r->ssl, f->buffer + f->at, (int)f->len);
	if (n <= 0) {
		tls_failed(r, n, f);
		return false;
	}
	f->at += (size_t)n;
	f->len -= (size_t)n;
	return true;
}

/* Nothing has moved for a while: an idle session keeps no buffers. */
static void
rest(struct relay *r)
{
	madvise(r->in.buffer, (size_t)2 * BUFFER, MADV_DONTNEED);
	malloc_trim(0);
}

/* Wait until something can move; -1: it never will. */
static int
wait_ready(struct relay *r)
{
	short tcp = 0, plain = 0;
	int n;

	if (!r->in.ended && r->in.len == 0)
		tcp |= POLLIN;
	if (r->out.len > 0 || r->want_write)
		tcp |= POLLOUT;
	if (!r->out.ended && r->out.len == 0)
		plain |= POLLIN;
	if (r->in.len > 0)
		plain |= POLLOUT;
	struct pollfd p[] = {
		/* A side with nothing to wait for is left out: its hang-up
		 * would wake us for ever. */
		{ .fd = tcp != 0 ? r->tcp : -1, .events = tcp },
		{ .fd = plain != 0 ? r->plain : -1, .events = plain },
	};
	bool idle = r->in.len == 0 && r->out.len == 0;

	n = poll(p, COUNT(p), idle ? QUIET_MS : -1);
	if (n == 0) {
		rest(r);
		n = poll(p, COUNT(p), -1);
	}
	r->want_write = false;
	return n < 0 && errno != EINTR ? -1 : 0;
}

/* Closing with unread input would make the kernel reset the connection, and
 * the client might lose our last words. */
static void
linger(int tcp, char *waste)
{
	int64_t until = clock_mono_ms() + LINGER_MS, left;

	shutdown(tcp, SHUT_WR);
	while ((left = until - clock_mono_ms()) > 0) {
		struct pollfd p = { .fd = tcp, .events = POLLIN };

		if (poll(&p, 1, (int)left) <= 0 ||
		    recv(tcp, waste, BUFFER, MSG_DONTWAIT) <= 0)
			return;
	}
}

void
relay_run(SSL *ssl, int tcp, int plain)
{
	struct relay r = { .ssl = ssl, .tcp = tcp, .plain = plain };
	char *memory = mmap(NULL, (size_t)2 * BUFFER, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return;
	r.in.buffer = memory;
	r.out.buffer = memory + BUFFER;
	for (;;) {
		while ((int)move_in(&r) | (int)move_out(&r))
			;
		if (r.broken || r.out.closed)
			break;
		if (wait_ready(&r) < 0)
			break;
	}
	if (!r.broken)
		linger(tcp, memory);
}
