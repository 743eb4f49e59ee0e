/* Session tickets (RFC 5077, RFC 8446 4.6.1): every child seals and opens them
 * with the keys that the parent made, so a client may resume at any of them. */
#ifndef TLSD_TICKETS_H
#define TLSD_TICKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	TICKET_LIFE_S = 2 * 3600, /* how long a ticket is good */
	TICKET_NAME = 16,
	TICKET_SECRET = 32,
};

struct ticket_key {
	unsigned char name[TICKET_NAME];
	unsigned char cipher[TICKET_SECRET];
	unsigned char mac[TICKET_SECRET];
};

/* keys[0] seals; both open. */
struct tickets {
	int64_t since; /* clock_mono_ms() of keys[0] */
	struct ticket_key keys[2];
};

/* Fresh keys; -1 when there is no randomness. */
int tickets_init(struct tickets *t);
/* Make a new key when the current one has served half a ticket's life; the
 * current one still opens for the other half. */
void tickets_rotate(struct tickets *t);
void tickets_wipe(struct tickets *t);
/* Have this context seal and open with t, which must outlive it. */
void tickets_use(SSL_CTX *context, struct tickets *t);

#endif
