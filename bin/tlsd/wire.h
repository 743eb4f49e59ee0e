/* TLS on a non-blocking descriptor, one step at a time. */
#ifndef TLSD_WIRE_H
#define TLSD_WIRE_H

#include <stdbool.h>
#include <tls.h>

#include "base/span.h"

/* Results other than a number of bytes. */
enum wire_step {
	WIRE_END = 0,      /* reading: the client has closed */
	WIRE_BROKEN = -1,  /* no further step is possible */
	WIRE_POLLIN = -2,  /* retry once tcp is readable */
	WIRE_POLLOUT = -3, /* retry once tcp is writable */
};

struct wire {
	struct tls *tls; /* NULL: not begun */
	int tcp;
	char *buffer;   /* input that TLS has not yet read */
	size_t at, len; /* taken bytes, bytes left */
	bool ended;     /* the network side has ended */
	bool failed;    /* or fails */
};

/* Of a non-blocking descriptor; -1: no memory. */
int wire_open(struct wire *w, int tcp);
/* Before TLS: append more input. Returns the number of bytes (0: no room),
 * WIRE_END, WIRE_BROKEN or WIRE_POLLIN. */
int wire_peek(struct wire *w);
struct span wire_peeked(const struct wire *w);
/* Begin TLS with that input; -1: failed. */
int wire_accept(struct wire *w, struct tls *server);

/* The handshake: 1 when it is done, WIRE_END when the client is gone. */
int wire_shake(struct wire *w);
/* Read up to room bytes (more than 0). */
int wire_read(struct wire *w, char *into, size_t room);
/* Write some of the bytes (more than 0); never WIRE_END. Unwritten bytes must
 * be given again. */
int wire_write(struct wire *w, struct span bytes);
/* Send close_notify; 1 when sent; never WIRE_END. */
int wire_goodbye(struct wire *w);

/* Release memory while idle. */
void wire_rest(struct wire *w);

#endif
