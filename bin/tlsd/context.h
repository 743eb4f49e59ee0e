/* OpenSSL's contexts: the settings that all share, and one per certificate. */
#ifndef TLSD_CONTEXT_H
#define TLSD_CONTEXT_H

#include <openssl/ssl.h>

#include "base/str.h"

/* A context with our settings and no certificate: connections begin with it,
 * and the ClientHello chooses. */
SSL_CTX *context_new(void);
/* Put cert.pem (leaf first, then its chain) and key.pem of a folder into the
 * context. -1 with why_r when they can't be read or don't belong together. */
int context_load(SSL_CTX *context, int dir, struct str *why_r);
/* Certificates of clients may be signed by the authorities in clients-ca.pem. */
int context_load_clients_ca(SSL_CTX *context, int dir, struct str *why_r);
/* The latest reason from OpenSSL's queue, which is then empty. */
const char *context_error(void);

/* One handshake against ourselves, in memory, for each version: what OpenSSL
 * prepares at its first use is then there for every child. */
void context_warm(SSL_CTX *context);

#endif
