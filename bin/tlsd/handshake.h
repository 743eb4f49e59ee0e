/* One connection: the request of a neighbour program, the handshake with the
 * client, the answer. */
#ifndef TLSD_HANDSHAKE_H
#define TLSD_HANDSHAKE_H

#include "base/str.h"
#include "certs.h"

enum {
	REQUEST_MS = 10000,   /* for the neighbour's packet */
	HANDSHAKE_MS = 30000, /* for the client's part */
};

struct handshake {
	struct certs *certs;
	int asker; /* the neighbour */
	int tcp;
	struct str service, alpn, peer;
	struct keypair *pair; /* chosen by the hello */
	struct str sni;
	SSL *ssl;
	const char *reason; /* of a failure */
};

/* Make the context call us: once, at the start. */
void handshake_prepare(SSL_CTX *context);
/* Take the request from the asker; -1 when there is none worth an answer. */
int handshake_request(struct handshake *h, int asker);
/* Shake hands; -1 and reason. */
int handshake_run(struct handshake *h);
/* Tell the asker, and the log. plain: the descriptor it gets, -1 on failure. */
void handshake_answer(struct handshake *h, int plain);

#endif
