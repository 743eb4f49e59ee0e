#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/tls_inside.h"

enum { WAIT_MS = 60000, EXPORTER_LEN = 32 };

/* Translate the library's error to io's convention. */
static ssize_t
wire_failed(struct tls_wire *t, int result, short *events_r)
{
	int saved = errno;

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*events_r = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*events_r = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->broken = true;
		errno = saved != 0 ? saved : ECONNRESET;
		return -1;
	default:
		t->broken = true;
		errno = EPROTO;
		return -1;
	}
}

static int
at_most_int(size_t n)
{
	return n > INT32_MAX ? INT32_MAX : (int)n;
}

static ssize_t
wire_read(void *arg, char *into, size_t room, short *events_r)
{
	struct tls_wire *t = arg;
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(t->ssl, into, at_most_int(room));
	return n > 0 ? n : wire_failed(t, n, events_r);
}

static ssize_t
wire_write(void *arg, struct span bytes, short *events_r)
{
	struct tls_wire *t = arg;
	ssize_t r;
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_write(t->ssl, bytes.at, at_most_int(bytes.len));
	if (n > 0)
		return n;
	r = wire_failed(t, n, events_r);
	/* The host's close_notify came before the write failed. */
	if (r == 0) {
		t->broken = true;
		errno = EPIPE;
		r = -1;
	}
	return r;
}

static const struct io_transport wire_transport = { wire_read, wire_write };

/* The handshake's deadline: the wish's limit and the io's deadline. */
static int64_t
wire_deadline(const struct tls_wire *t)
{
	int wait_ms = t->wish->wait_ms > 0 ? t->wish->wait_ms : WAIT_MS;
	int64_t until = clock_mono_ms() + wait_ms;

	return t->io->deadline > 0 && t->io->deadline < until ? t->io->deadline
							      : until;
}

/* 1: the descriptor is ready; 0: timeout. */
static int
wire_wait(const struct tls_wire *t, short events, int64_t until)
{
	struct pollfd p = { .fd = t->tcp, .events = events };

	for (;;) {
		int64_t left = until - clock_mono_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n >= 0 || errno != EINTR)
			return n != 0;
	}
}

/* The handshake failed, but not over the certificate, which would be in the
 * outcome. */
static void
handshake_failed(const char *why, struct tls_outcome *o)
{
	if (o->result != NULL)
		return;
	o->result = "validation-failure";
	snprintf(o->text, sizeof o->text, "the TLS handshake failed: %s", why);
}

static int
handshake(struct tls_wire *t, struct tls_outcome *o)
{
	int64_t until = wire_deadline(t);

	for (;;) {
		short events = 0;
		int r;

		ERR_clear_error();
		errno = 0;
		r = SSL_connect(t->ssl);
		if (r == 1)
			return 0;
		if (wire_failed(t, r, &events) < 0 && errno == EAGAIN) {
			if (wire_wait(t, events, until))
				continue;
			handshake_failed("the host takes too long", o);
			return -1;
		}
		/* A refusal by the callback is known here; the peer's errors
		 * are in errno or the library's queue. */
		if (SSL_get_verify_result(t->ssl) != X509_V_OK)
			tls_verify_outcome(t, o);
		handshake_failed(errno == EPROTO ? tls_error_text()
			: errno == 0             ? "the host ended it"
						 : strerror(errno),
		    o);
		return -1;
	}
}

static void
outcome_describe(const struct tls_wire *t, struct tls_outcome *o)
{
	o->ok = true;
	snprintf(
	    o->protocol, sizeof o->protocol, "%s", SSL_get_version(t->ssl));
	snprintf(
	    o->cipher, sizeof o->cipher, "%s", SSL_get_cipher_name(t->ssl));
	tls_verify_outcome(t, o);
}

struct tls_wire *
tls_wire_start(struct tls_client *c, struct io *io, int tcp,
    const struct tls_wish *w, struct tls_outcome *o_r)
{
	struct tls_wire *t = mem_new(sizeof *t);
	int flags = fcntl(tcp, F_GETFL);

	*o_r = (struct tls_outcome){ .ok = false };
	*t = (struct tls_wire){ .io = io, .tcp = tcp, .wish = w };
	t->ssl = tls_client_new(c);
	if (flags < 0 || fcntl(tcp, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    t->ssl == NULL || SSL_set_fd(t->ssl, tcp) != 1 ||
	    SSL_set_app_data(t->ssl, t) != 1 || tls_verify_prepare(t) < 0) {
		handshake_failed("it can't be prepared", o_r);
	} else if (handshake(t, o_r) == 0) {
		outcome_describe(t, o_r);
		t->wish = NULL;
		io_switch_transport(io, tcp, &wire_transport, t);
		return t;
	}
	SSL_free(t->ssl);
	free(t);
	ERR_clear_error();
	return NULL;
}

bool
tls_wire_exporter(const struct tls_wire *t, struct str *binding)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char out[EXPORTER_LEN];

	/* RFC 9266 3: unique below 1.3 only with extended master secrets. */
	if (SSL_version(t->ssl) < TLS1_3_VERSION ||
	    SSL_export_keying_material(t->ssl, out, sizeof out, label,
		sizeof label - 1, NULL, 0, 0) != 1)
		return false;
	str_add(binding, (struct span){ (const char *)out, sizeof out });
	return true;
}

void
tls_wire_end(struct tls_wire *t)
{
	ERR_clear_error();
	/* SSL_shutdown(3): not after a fatal error. */
	if (!t->broken)
		SSL_shutdown(t->ssl); /* as much as possible at once */
	ERR_clear_error();
	SSL_free(t->ssl);
	io_switch(t->io, t->tcp, t->tcp);
	t->io->failed = true;
	free(t);
}
