/* OpenSSL's contexts: the settings that all share, and one per certificate. */
#ifndef TLSD_CONTEXT_H
#define TLSD_CONTEXT_H

#include <openssl/ssl.h>

#include "base/str.h"

/* What a server shows and signs with. */
struct credentials {
	X509 *leaf;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
};

/* A context with our settings and no certificate: each connection is given the
 * credentials that its ClientHello asks for. */
SSL_CTX *context_new(void);
/* Read cert.pem (leaf first, then its chain) and key.pem of a folder. -1 with
 * why_r when they can't be read or don't belong together. */
int credentials_load(struct credentials *c_r, int dir, struct str *why_r);
void credentials_free(struct credentials *c);
/* Certificates of clients may be signed by the authorities in clients-ca.pem,
 * by no others any more. */
int context_load_clients_ca(SSL_CTX *context, int dir, struct str *why_r);
/* The latest reason from OpenSSL's queue, which is then empty. */
const char *context_error(void);

/* One handshake against ourselves, in memory, for each version: what OpenSSL
 * prepares at its first use is then there for every child. */
void credentials_warm(const struct credentials *c);

#endif
