/* Session tickets (RFC 5077, RFC 8446 4.6.1): every child seals and opens them
 * with the keys that the parent made, so a client may resume at any of them. */
#ifndef TLSD_TICKETS_H
#define TLSD_TICKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <tls.h>

enum { TICKET_LIFE_S = 2 * 3600 }; /* lifetime of a ticket */

struct ticket_key {
	uint32_t number;
	unsigned char secret[TLS_TICKET_KEY_SIZE];
};

/* keys[0] seals; both open. */
struct tickets {
	int64_t since; /* clock_mono_ms() of keys[0] */
	struct ticket_key keys[2];
};

/* Fresh keys; -1 when there is no randomness. */
int tickets_init(struct tickets *t);
/* Make a new key when the current one has served half a ticket's life (true);
 * the current one still opens for the other half. */
bool tickets_rotate(struct tickets *t);
/* Give a new configuration all keys, or one with the former keys the latest;
 * -1: failed. */
int tickets_add(const struct tickets *t, struct tls_config *c);
int tickets_add_latest(const struct tickets *t, struct tls_config *c);
/* Replace a configuration's keys by meaningless ones: it can then neither seal
 * nor open valid tickets. */
void tickets_forget(struct tls_config *c);
void tickets_wipe(struct tickets *t);

#endif
