/* SCRAM-SHA-256 and -PLUS, the client's side (RFC 5802, RFC 7677): making
 * messages for the host and checking its answers. Messages are in base64, as on
 * the wire; no I/O here. */
#ifndef SEND_SCRAM_H
#define SEND_SCRAM_H

#include "users/scram.h"

/* The most rounds that a host may request: half a second's work. */
enum { SCRAM_ROUNDS_MAX = 1000000 };

/* RFC 5802 6: the gs2-cbind-flag. */
enum scram_binding {
	SCRAM_UNBOUND,   /* "n": we bind to no channel */
	SCRAM_UNOFFERED, /* "y": we would, but the host offers none */
	SCRAM_BOUND,     /* "p": by tls-exporter (RFC 9266) */
};

struct scram {
	uint64_t rounds_max;
	struct str gs2;  /* the gs2-header with the channel's binding */
	struct str bare; /* client-first-message-bare */
	struct str nonce;
	unsigned char signature[SCRAM_KEY]; /* the signature expected from the
					     * host */
	struct str why; /* the fault in its message, for people */
};

/* Begin: append client-first-message. channel is its binding, empty
 * unless SCRAM_BOUND; nonce is fresh, printable, without commas. */
void scram_begin(struct scram *s, struct span user, struct span nonce,
    enum scram_binding binding, struct span channel, struct str *first);
/* Append client-final-message, the answer to server-first-message. False: it is
 * invalid, s->why has the reason, and the password was not used. */
bool scram_answer(struct scram *s, struct span challenge, struct span password,
    struct str *final);
/* Check that server-final-message proves that the host knows the password too;
 * false: see s->why. */
bool scram_verify(struct scram *s, struct span challenge);
/* Wiped. */
void scram_free(struct scram *s);

#endif
