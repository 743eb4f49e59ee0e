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
	QUIET_MS = 2000, /* idle time before memory is released */
	LINGER_MS = 2000,
};

/* One direction: bytes read and not yet written. */
struct flow {
	char *buffer;
	size_t at, len;
	bool ended;  /* no more to read */
	bool closed; /* and the end was passed on */
	short wants; /* what TLS waits for on tcp (poll's events), 0: nothing */
};

struct relay {
	struct wire *wire;
	int plain;
	int drain_ms;
	int64_t until; /* deadline for the program's last output; 0: it is still
			* connected */
	struct flow in, out; /* in: from the network to the program */
	bool broken;         /* the network side is unusable */
};

/* Handle a step of TLS without progress. */
static void
step_failed(struct relay *r, int step, struct flow *f)
{
	if (step == WIRE_POLLIN)
		f->wants = POLLIN;
	else if (step == WIRE_POLLOUT)
		f->wants = POLLOUT;
	else if (step == WIRE_END)
		f->ended = true;
	else
		r->broken = true;
}

static void
flow_fill(struct flow *f, size_t len)
{
	f->at = 0;
	f->len = len;
}

static void
flow_drop(struct flow *f, size_t len)
{
	f->at += len;
	f->len -= len;
}

/* From the network to the program; true if anything moved. */
static bool
move_in(struct relay *r)
{
	struct flow *f = &r->in;
	ssize_t n;

	f->wants = 0;
	if (f->len == 0 && !f->ended) {
		int got = wire_read(r->wire, f->buffer, BUFFER);

		if (got > 0)
			flow_fill(f, (size_t)got);
		else
			step_failed(r, got, f);
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
		flow_drop(f, (size_t)n);
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

	f->wants = 0;
	if (f->len == 0 && !f->ended) {
		ssize_t got = recv(r->plain, f->buffer, BUFFER, MSG_DONTWAIT);

		if (got > 0)
			flow_fill(f, (size_t)got);
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			f->ended = true;
	}
	if (f->closed || (f->len == 0 && !f->ended))
		return false;
	n = f->len > 0
	    ? wire_write(r->wire, (struct span){ f->buffer + f->at, f->len })
	    : wire_goodbye(r->wire);
	if (n <= 0)
		step_failed(r, n, f);
	else if (f->len > 0)
		flow_drop(f, (size_t)n);
	else
		f->closed = true;
	return n > 0;
}

/* Nothing has moved for a while: an idle session keeps no buffers. */
static void
rest(struct relay *r)
{
	madvise(r->in.buffer, (size_t)2 * BUFFER, MADV_DONTNEED);
	wire_rest(r->wire);
	malloc_trim(0);
}

/* Wait for progress to be possible; -1: never, or timeout. */
static int
wait_ready(struct relay *r)
{
	short tcp = r->in.wants | r->out.wants, plain = 0;
	bool idle = r->in.len == 0 && r->out.len == 0 && r->until == 0;
	int64_t left = -1;
	int n;

	if (r->until == 0)
		plain |= POLLRDHUP;
	if (!r->out.ended && r->out.len == 0)
		plain |= POLLIN;
	if (r->in.len > 0)
		plain |= POLLOUT;
	struct pollfd p[] = {
		/* A side with nothing to wait for is left out: its hang-up
		 * would wake us endlessly. */
		{ .fd = tcp != 0 ? r->wire->tcp : -1, .events = tcp },
		{ .fd = plain != 0 ? r->plain : -1, .events = plain },
	};

	if (r->until != 0 && (left = r->until - clock_mono_ms()) <= 0)
		return -1;
	n = poll(p, COUNT(p), idle ? QUIET_MS : (int)left);
	if (n == 0 && idle) {
		rest(r);
		n = poll(p, COUNT(p), -1);
	}
	/* The program has closed, even if its last bytes are still unread:
	 * start the drain limit. */
	if (r->until == 0 && (p[1].revents & (POLLRDHUP | POLLHUP)))
		r->until = clock_mono_ms() + r->drain_ms;
	return n < 0 && errno != EINTR ? -1 : 0;
}

/* Closing with unread input would make the kernel reset the connection, and the
 * client might lose our last bytes. */
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
relay_run(struct wire *wire, int plain, int drain_ms)
{
	struct relay r = { .wire = wire, .plain = plain, .drain_ms = drain_ms };
	char *memory = mmap(NULL, (size_t)2 * BUFFER, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return;
	r.in.buffer = memory;
	r.out.buffer = memory + BUFFER;
	do {
		while (!r.broken && ((int)move_in(&r) | (int)move_out(&r)))
			;
	} while (!r.broken && !r.out.closed && wait_ready(&r) == 0);
	if (r.out.closed)
		linger(wire->tcp, memory);
}
