/* TLS as a client, for sending: OpenSSL, with DANE (RFC 7671, RFC 7672), PKIX
 * (RFC 6125 names) or a pinned key. The context is made once, before the
 * sandbox: nothing is opened afterwards. */
#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

#include "base/io.h"
#include "net/dns.h"

enum tls_check {
	TLS_CHECK_NONE, /* any certificate will do */
	TLS_CHECK_PKIX, /* by a known authority, for one of the names */
	TLS_CHECK_DANE, /* by the TLSA records; names for usage 2 */
	TLS_CHECK_PIN,  /* SHA-256 of the public key is one of the pins */
};

struct tls_wish {
	enum tls_check check;
	struct span server; /* SNI (none for an address), the name checked */
	const struct span *names; /* further names that will do */
	size_t name_count;
	const struct dns_record *tlsa; /* TLS_CHECK_DANE */
	size_t tlsa_count;
	const unsigned char (*pins)[32];
	size_t pin_count;
	int wait_ms; /* for the handshake */
};

/* What came of it; texts live in the struct. */
struct tls_outcome {
	bool ok;            /* the handshake is done and what was to be
			      * checked is right */
	bool authenticated; /* something was checked */
	const char *result; /* RFC 8460 4.3's word when not ok: "certificate-
			      * expired", "validation-failure", ... */
	char protocol[16];  /* TLSv1.3 */
	char cipher[64];
	char text[256]; /* for people, when not ok */
};

struct tls_client; /* the context */
struct tls_wire;   /* one connection */

/* The authorities are those of CHAINMAIL_ETC/authorities.pem, else the
 * system's. Never NULL; without any authority PKIX always fails. */
struct tls_client *tls_client_open(int etc);
void tls_client_close(struct tls_client *c);

/* Do the handshake on a connected TCP descriptor and have io go on over it.
 * NULL when it failed: then the connection is worth nothing. */
struct tls_wire *tls_wire_start(struct tls_client *c, struct io *io, int tcp,
    const struct tls_wish *w, struct tls_outcome *o_r);
/* Say goodbye (without waiting) and forget; the descriptor is the caller's. */
void tls_wire_end(struct tls_wire *t);

#endif
