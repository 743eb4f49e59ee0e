/* Bytes from one side to the other until both have ended. */
#ifndef TLSD_RELAY_H
#define TLSD_RELAY_H

#include <openssl/ssl.h>

/* Move bytes between the TLS connection on tcp and the plaintext socket; both
 * non-blocking. Returns when the program on the plaintext side has closed and
 * its bytes are sent, or the connection has broken. Memory is bounded: a side
 * is read only when what came before is written. */
void relay_run(SSL *ssl, int tcp, int plain);

#endif
