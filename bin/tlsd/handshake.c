#include "handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/record.h"
#include "context.h"
#include "hello.h"
#include "os/sock.h"

/* A session begun with one service or certificate is never resumed at another
 * (the lesson of ALPACA): the context of its id is made of both. */
static void
session_context_set(SSL *ssl, const struct handshake *h)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct str text = STR_INIT;

	str_addf(&text, "%s %s", h->service.at, h->pair->name);
	SHA256((const unsigned char *)text.at, text.len, hash);
	SSL_set_session_id_context(ssl, hash, sizeof hash);
	str_free(&text);
}

/* What the client presents is judged later, by SSL_get_verify_result(): a
 * certificate that means nothing to us is no reason to send anybody away. */
static int
any_certificate(int ok, X509_STORE_CTX *store)
{
	(void)ok, (void)store;
	return 1;
}

static int
hello_seen(SSL *ssl, int *alert, void *arg)
{
	struct handshake *h = SSL_get_app_data(ssl);
	const unsigned char *at;
	size_t len;
	struct span name = SPAN("");

	(void)arg;
	if (SSL_client_hello_get0_ext(
		ssl, TLSEXT_TYPE_server_name, &at, &len) == 1 &&
	    hello_server_name((struct span){ (const char *)at, len }, &name))
		str_set(&h->sni, name);
	h->pair = certs_find(h->certs, str_span(&h->sni));
	if (h->pair == NULL) {
		h->reason = "there is no certificate";
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_CLIENT_HELLO_ERROR;
	}
	session_context_set(ssl, h);
	/* Other mail servers are not asked: some have trouble with it. */
	if (h->certs->clients && strcmp(h->service.at, "smtp") != 0)
		SSL_set_verify(ssl, SSL_VERIFY_PEER, any_certificate);
	return SSL_CLIENT_HELLO_SUCCESS;
}

static int
alpn_chosen(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	struct handshake *h = SSL_get_app_data(ssl);
	struct span list = { (const char *)in, in_len };

	(void)arg;
	if (h->alpn.len == 0)
		return hello_alpn_is_web(list) ? SSL_TLSEXT_ERR_ALERT_FATAL
					       : SSL_TLSEXT_ERR_NOACK;
	/* RFC 7301 3.2: no_application_protocol when none fits. */
	if (h->alpn.len > 255 || !hello_alpn_has(list, str_span(&h->alpn)))
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = (const unsigned char *)h->alpn.at;
	*out_len = (unsigned char)h->alpn.len;
	return SSL_TLSEXT_ERR_OK;
}

/* Called when a certificate is needed, so not for a resumed session. */
static int
credentials_given(SSL *ssl, void *arg)
{
	const struct handshake *h = SSL_get_app_data(ssl);
	const struct credentials *c = &h->pair->own;

	(void)arg;
	return SSL_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1);
}

void
handshake_prepare(SSL_CTX *context)
{
	SSL_CTX_set_cert_cb(context, credentials_given, NULL);
	SSL_CTX_set_client_hello_cb(context, hello_seen, NULL);
	SSL_CTX_set_alpn_select_cb(context, alpn_chosen, NULL);
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
		r = 0;
	}
	while (count > 0)
		close(fds[--count]);
	str_free(&packet);
	return r;
}

/* Wait for the client, as long as the asker is there. */
static int
client_wait(struct handshake *h, short events, int64_t deadline)
{
	struct pollfd p[] = { { .fd = h->tcp, .events = events },
		{ .fd = h->asker, .events = 0 } };
	int64_t left = deadline - clock_mono_ms();
	int n = left > 0 ? poll(p, COUNT(p), (int)left) : 0;

	if (n == 0)
		h->reason = "the client takes too long";
	else if (n > 0 && p[1].revents != 0)
		h->reason = "the asking program is gone";
	else if (n > 0 || errno == EINTR)
		return 0;
	return -1;
}

int
handshake_run(struct handshake *h)
{
	int64_t deadline = clock_mono_ms() + HANDSHAKE_MS;
	int r;

	fcntl(h->tcp, F_SETFL, O_NONBLOCK);
	h->ssl = SSL_new(h->certs->context);
	if (h->ssl == NULL || SSL_set_fd(h->ssl, h->tcp) != 1) {
		h->reason = context_error();
		return -1;
	}
	SSL_set_app_data(h->ssl, h);
	while ((r = SSL_accept(h->ssl)) != 1) {
		int error = SSL_get_error(h->ssl, r);
		short events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;

		if (error == SSL_ERROR_WANT_READ ||
		    error == SSL_ERROR_WANT_WRITE) {
			if (client_wait(h, events, deadline) < 0)
				return -1;
			continue;
		}
		if (h->reason == NULL)
			h->reason = error == SSL_ERROR_SYSCALL
			    ? "the client is gone"
			    : context_error();
		return -1;
	}
	return 0;
}
