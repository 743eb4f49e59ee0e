/* What the files of the TLS client share; for them alone. */
#ifndef NET_TLS_INSIDE_H
#define NET_TLS_INSIDE_H

#include <openssl/ssl.h>

#include "net/tls_client.h"

struct tls_wire {
	SSL *ssl;
	struct io *io;
	int tcp;
	enum tls_check check;        /* what is really checked */
	const struct tls_wish *wish; /* during the handshake */
};

SSL *tls_client_new(struct tls_client *c);
/* The last error of the library in words; forgotten then. */
const char *tls_error_text(void);

/* Prepare the check that t->wish asks for; -1: it can't be done. */
int tls_verify_prepare(struct tls_wire *t);
/* The library asks whether the peer's certificate is good. */
int tls_verify(X509_STORE_CTX *chain, void *arg);
/* What came of it. */
void tls_verify_outcome(const struct tls_wire *t, struct tls_outcome *o);

#endif
