/* Bytes from one side to the other until both have ended. */
#ifndef TLSD_RELAY_H
#define TLSD_RELAY_H

#include "wire.h"

/* Move bytes between the TLS connection and the non-blocking plaintext socket.
 * Returns when the program on the plaintext side has closed and its bytes are
 * sent, or can't be: the connection has broken, or the client has not taken
 * them drain_ms later. Memory is bounded: a side is read only when its earlier
 * bytes are written. */
void relay_run(struct wire *wire, int plain, int drain_ms);

#endif
