/* Balancers' connections waiting for their PROXY header. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "base/clock.h"
#include "os/sock.h"

static void
waiting_remove(struct acceptor *a, size_t i)
{
	free(a->waiting[i]);
	a->waiting[i] = a->waiting[--a->waiting_count];
}

static void
waiting_fail(struct acceptor *a, size_t i, const char *reason)
{
	struct waiting *w = a->waiting[i];

	log_refusal(a, w->listener, &w->ends, reason);
	close(w->fd);
	waiting_remove(a, i);
}

void
waiting_add(
    struct acceptor *a, int fd, const struct listener *l, const struct ends *e)
{
	struct waiting *w;

	if (a->waiting_count == WAITING_MAX) {
		log_refusal(a, l, e, "total");
		close(fd);
		return;
	}
	w = mem_new(sizeof *w);
	w->fd = fd;
	w->until = clock_mono_ms() + PROXY_TIME_MS;
	w->listener = l;
	w->ends = *e;
	a->waiting[a->waiting_count++] = w;
	waiting_read(a, a->waiting_count - 1);
}

static void
waiting_done(struct acceptor *a, size_t i, const struct proxy *p)
{
	struct waiting w = *a->waiting[i];

	if (p->known) {
		w.ends.remote = p->remote;
		w.ends.own = p->own;
		w.ends.remote_port = p->remote_port;
		w.ends.own_port = p->own_port;
	}
	waiting_remove(a, i);
	connection_admit(a, w.fd, w.listener, &w.ends);
}

/* Read exactly the header from the socket: peek first, then read its length. */
void
waiting_read(struct acceptor *a, size_t i)
{
	struct waiting *w = a->waiting[i];
	char *at = w->bytes + w->have;
	ssize_t n = recv(
	    w->fd, at, sizeof w->bytes - w->have, MSG_PEEK | MSG_DONTWAIT);
	struct proxy p;
	int len;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		waiting_fail(a, i, "gone");
		return;
	}
	len = proxy_parse((struct span){ w->bytes, w->have + (size_t)n }, &p);
	if (len > 0)
		n = len - (ssize_t)w->have;
	if (len < 0 || recv(w->fd, at, (size_t)n, MSG_DONTWAIT) != n) {
		waiting_fail(a, i, "proxy-header");
		return;
	}
	w->have += (size_t)n;
	if (len > 0)
		waiting_done(a, i, &p);
	else if (w->have == sizeof w->bytes)
		waiting_fail(a, i, "proxy-header");
}

void
waiting_expire(struct acceptor *a, int64_t now)
{
	for (size_t i = a->waiting_count; i-- > 0;)
		if (now >= a->waiting[i]->until)
			waiting_fail(a, i, "proxy-time");
}
