#include "wire.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { BUFFER = 16384 };

int
wire_open(struct wire *w, int tcp)
{
	void *memory = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*w = (struct wire){ .tcp = tcp };
	if (memory == MAP_FAILED)
		return -1;
	w->buffer = memory;
	return 0;
}

int
wire_peek(struct wire *w)
{
	size_t room = BUFFER - w->at - w->len;
	ssize_t n;

	if (w->ended || w->failed)
		return w->ended ? WIRE_END : WIRE_BROKEN;
	if (room == 0)
		return 0;
	n = recv(w->tcp, w->buffer + w->at + w->len, room, MSG_DONTWAIT);
	if (n > 0) {
		w->len += (size_t)n;
		return (int)n;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WIRE_POLLIN;
	w->ended = n == 0;
	w->failed = n < 0;
	return n == 0 ? WIRE_END : WIRE_BROKEN;
}

struct span
wire_peeked(const struct wire *w)
{
	return (struct span){ w->buffer + w->at, w->len };
}

/* libtls reads a record in two pieces; we read as much as is available. An end
 * is hidden from libtls, which would treat one without close_notify as an error
 * and stop writing: a client may half-close. */
static ssize_t
tls_takes(struct tls *tls, void *into, size_t room, void *arg)
{
	struct wire *w = arg;
	size_t n;

	(void)tls;
	if (w->len == 0) {
		w->at = 0;
		if (wire_peek(w) == WIRE_BROKEN)
			return -1;
	}
	if (w->len == 0)
		return TLS_WANT_POLLIN;
	n = w->len < room ? w->len : room;
	memcpy(into, w->buffer + w->at, n);
	w->at += n;
	w->len -= n;
	return (ssize_t)n;
}

static ssize_t
tls_gives(struct tls *tls, const void *bytes, size_t len, void *arg)
{
	struct wire *w = arg;
	ssize_t n = send(w->tcp, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	(void)tls;
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return TLS_WANT_POLLOUT;
	w->failed = true;
	return -1;
}

int
wire_accept(struct wire *w, struct tls *server)
{
	return tls_accept_cbs(server, &w->tls, tls_takes, tls_gives, w);
}

/* tls_read(3) and its like: a number, TLS_WANT_POLLIN, TLS_WANT_POLLOUT, or an
 * error. tls_write may return 0 too, when it fails after the client's
 * close_notify; that is an end for a read alone. */
static int
step_of(const struct wire *w, ssize_t result, enum wire_step closed)
{
	if (result > 0)
		return (int)result;
	if (result == TLS_WANT_POLLIN)
		return w->ended ? WIRE_END : WIRE_POLLIN;
	if (result == TLS_WANT_POLLOUT)
		return WIRE_POLLOUT;
	return result == 0 ? closed : WIRE_BROKEN;
}

/* It waits for data that will never come. */
static int
without_end(int step)
{
	return step == WIRE_END ? WIRE_BROKEN : step;
}

int
wire_shake(struct wire *w)
{
	int r = tls_handshake(w->tls);

	if (r == 0)
		return 1;
	return w->failed ? WIRE_END : step_of(w, r, WIRE_BROKEN);
}

int
wire_read(struct wire *w, char *into, size_t room)
{
	return step_of(w, tls_read(w->tls, into, room), WIRE_END);
}

int
wire_write(struct wire *w, struct span bytes)
{
	return without_end(
	    step_of(w, tls_write(w->tls, bytes.at, bytes.len), WIRE_BROKEN));
}

int
wire_goodbye(struct wire *w)
{
	int r = tls_close(w->tls);

	return r == 0 ? 1 : without_end(step_of(w, r, WIRE_BROKEN));
}

void
wire_rest(struct wire *w)
{
	if (w->len > 0)
		return;
	w->at = 0;
	madvise(w->buffer, BUFFER, MADV_DONTNEED);
}
