#include "handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/record.h"
#include "context.h"
#include "hello.h"
#include "os/sock.h"

enum { ALERT_INTERNAL = 80, ALERT_NO_APPLICATION_PROTOCOL = 120 };

static int
handshake_fail(struct handshake *h, const char *why)
{
	if (h->reason.len == 0)
		str_set(&h->reason, span_text(why));
	return -1;
}

int
handshake_request(struct handshake *h, int asker)
{
	struct pollfd p = { .fd = asker, .events = POLLIN };
	struct str packet = STR_INIT;
	int fds[FDS_MAX], r = -1;
	size_t count = 0;

	h->asker = asker;
	h->tcp = -1;
	if (poll(&p, 1, REQUEST_MS) == 1 &&
	    sock_receive(asker, 0, &packet, fds, &count) == 1 && count == 1 &&
	    record_is(str_span(&packet), "handshake")) {
		h->tcp = fds[--count];
		record_get(str_span(&packet), "service", &h->service);
		record_get(str_span(&packet), "alpn", &h->alpn);
		record_get(str_span(&packet), "peer", &h->peer);
		record_get(str_span(&packet), "conn", &h->conn);
		r = 0;
	}
	while (count > 0)
		close(fds[--count]);
	str_free(&packet);
	return r;
}

/* Wait for the client, while the asker is connected. */
static int
client_wait(struct handshake *h, short events, int64_t deadline)
{
	struct pollfd p[] = { { .fd = h->tcp, .events = events },
		{ .fd = h->asker, .events = 0 } };
	int64_t left = deadline - clock_mono_ms();
	int n = left > 0 ? poll(p, COUNT(p), (int)left) : 0;

	if (n == 0)
		return handshake_fail(h, "the client takes too long");
	if (n > 0 && p[1].revents != 0)
		return handshake_fail(h, "the asking program is gone");
	return n > 0 || errno == EINTR ? 0 : handshake_fail(h, "poll");
}

/* A step without progress waits for the client; 0: retry it. */
static int
step_wait(struct handshake *h, int step, int64_t deadline)
{
	switch (step) {
	case WIRE_POLLIN:
		return client_wait(h, POLLIN, deadline);
	case WIRE_POLLOUT:
		return client_wait(h, POLLOUT, deadline);
	case WIRE_BROKEN:
		if (h->wire.tls != NULL && !h->wire.failed) {
			str_set(
			    &h->reason, context_reason(tls_error(h->wire.tls)));
			return -1;
		}
	}
	return handshake_fail(h, "the client is gone");
}

/* RFC 7301 3.2: no_application_protocol when none matches; also for clients
 * that offer only web protocols. */
static bool
alpn_fits(const struct handshake *h, struct span list)
{
	if (h->alpn.len == 0)
		return !hello_alpn_is_web(list);
	return list.len == 0 || hello_alpn_has(list, str_span(&h->alpn));
}

/* Before TLS begins an alert is a plaintext record (RFC 8446 6). */
static void
alert_send(const struct handshake *h, char alert)
{
	const char record[] = { 21, 3, 3, 0, 2, 2, alert };

	send(h->tcp, record, sizeof record, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Wait for the ClientHello, which has the server name. */
static int
hello_wait(struct handshake *h, int64_t deadline, struct str *message,
    struct hello *hello_r)
{
	for (;;) {
		int step = wire_peek(&h->wire);

		if (step > 0 &&
		    hello_read(wire_peeked(&h->wire), message, hello_r) !=
			HELLO_PART)
			return 0;
		if (step == 0 && !h->wire.ended)
			return handshake_fail(h, "the hello is too long");
		if (step <= 0 && step_wait(h, step, deadline) < 0)
			return -1;
	}
}

static int
context_choose(struct handshake *h, const struct hello *hello)
{
	struct tls *server;

	str_set(&h->sni, hello->name);
	h->pair = certs_find(h->certs, hello->name);
	if (h->pair == NULL) {
		alert_send(h, ALERT_INTERNAL);
		return handshake_fail(h, "there is no certificate");
	}
	if (!alpn_fits(h, hello->alpn)) {
		alert_send(h, ALERT_NO_APPLICATION_PROTOCOL);
		return handshake_fail(h, "no application protocol");
	}
	server = certs_context(
	    h->certs, h->pair, h->service.at, h->alpn.at, &h->reason);
	if (server == NULL)
		return -1;
	return wire_accept(&h->wire, server) < 0
	    ? handshake_fail(h, "no memory")
	    : 0;
}

int
handshake_run(struct handshake *h)
{
	int64_t deadline = clock_mono_ms() + HANDSHAKE_MS;
	struct str message = STR_INIT;
	struct hello hello;
	int r;

	fcntl(h->tcp, F_SETFL, O_NONBLOCK);
	if (wire_open(&h->wire, h->tcp) < 0)
		return handshake_fail(h, "no memory");
	r = hello_wait(h, deadline, &message, &hello);
	if (r == 0)
		r = context_choose(h, &hello);
	str_free(&message);
	while (r == 0) {
		int step = wire_shake(&h->wire);

		if (step > 0)
			return 0;
		r = step_wait(h, step, deadline);
	}
	return -1;
}
