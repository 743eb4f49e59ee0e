/* One connection: the request of a neighbour program, the handshake with the
 * client, the answer. */
#ifndef TLSD_HANDSHAKE_H
#define TLSD_HANDSHAKE_H

#include "base/str.h"
#include "certs.h"
#include "wire.h"

enum {
	REQUEST_MS = 10000,   /* for the neighbour's packet */
	HANDSHAKE_MS = 30000, /* for the handshake with the client */
};

#define HANDSHAKE_INIT(of)                                                     \
	{                                                                      \
		.certs = (of), .service = STR_INIT, .alpn = STR_INIT,          \
		.peer = STR_INIT, .conn = STR_INIT, .sni = STR_INIT,           \
		.reason = STR_INIT                                             \
	}

struct handshake {
	struct certs *certs;
	int asker; /* the neighbour */
	int tcp;
	struct str service, alpn, peer, conn;
	struct keypair *pair; /* chosen by the hello */
	struct str sni;
	struct wire wire;
	struct str reason; /* of a failure */
};

/* Read the asker's request; -1 when there is none to answer. */
int handshake_request(struct handshake *h, int asker);
/* Do the handshake; -1 and reason. */
int handshake_run(struct handshake *h);
/* Answer the asker, and log. plain: the descriptor it gets, -1 on failure. */
void handshake_answer(struct handshake *h, int plain);

#endif
