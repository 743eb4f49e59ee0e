/* Shared by the files of the TLS client only. */
#ifndef NET_TLS_INSIDE_H
#define NET_TLS_INSIDE_H

#include <openssl/ssl.h>

#include "net/tls_client.h"

struct tls_wire {
	SSL *ssl;
	struct io *io;
	int tcp;
	bool broken;                 /* after an error: no close_notify */
	enum tls_check check;        /* the effective check */
	const struct tls_wish *wish; /* during the handshake */
};

SSL *tls_client_new(struct tls_client *c);
/* The library's last error as text; clears its queue. */
const char *tls_error_text(void);

/* Prepare the check that t->wish asks for; -1: impossible. */
int tls_verify_prepare(struct tls_wire *t);
/* The library's callback to verify the peer's certificate. */
int tls_verify(X509_STORE_CTX *chain, void *arg);
/* Fill in the outcome. */
void tls_verify_outcome(const struct tls_wire *t, struct tls_outcome *o);

#endif
