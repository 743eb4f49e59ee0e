/* TLS as a client, for sending: OpenSSL, with DANE (RFC 7671, RFC 7672), PKIX
 * (names: RFC 6125) or a pinned key. The context is created once, before the
 * sandbox; no file is opened afterwards.
 *
 *	c = tls_client_open(etc);			once, then the sandbox
 *	...
 *	io_discard(&io);				after the 220
 *	wire = tls_wire_start(c, &io, tcp, &rule.wish, &outcome);
 *	if (wire == NULL)
 *		close(tcp), the next host
 *	io_put_text(&io, "EHLO ..."), io_line(&io, ...)	as without TLS
 *	tls_wire_end(wire), close(tcp)
 *
 * Deadline and idle limit of the io apply as without TLS. */
#ifndef NET_TLS_CLIENT_H
#define NET_TLS_CLIENT_H

#include "base/io.h"
#include "net/dns.h"

enum tls_check {
	TLS_CHECK_NONE, /* accept any certificate */
	TLS_CHECK_PKIX, /* by a known authority, for one of the names */
	TLS_CHECK_DANE, /* by the TLSA records; names for usage 2. When none of
			 * the records is usable: as TLS_CHECK_NONE */
	TLS_CHECK_PIN,  /* SHA-256 of the public key is one of the pins */
};
enum { TLS_PIN_LEN = 32 };

struct tls_wish {
	enum tls_check check;
	bool lenient; /* continue even when the check fails: the outcome is ok
		       * but not authenticated, and result has the fault */
	struct span server; /* SNI (none for an address), the name checked */
	const struct span *names; /* further acceptable names */
	size_t name_count;
	const struct dns_record *tlsa; /* TLS_CHECK_DANE */
	size_t tlsa_count;
	const unsigned char (*pins)[TLS_PIN_LEN];
	size_t pin_count;
	int wait_ms; /* for the handshake; 0: 60 s */
};

/* The outcome of a handshake; texts live in the struct. */
struct tls_outcome {
	bool ok;            /* the handshake is done and the check passed (or
			     * lenient) */
	bool authenticated; /* a check was made and passed */
	const char *result; /* RFC 8460 4.3's result type on a fault:
			     * "certificate-expired",
			     * "certificate-host-mismatch",
			     * "certificate-not-trusted", "validation-failure";
			     * else NULL */
	char protocol[16];  /* TLSv1.3; empty without a handshake */
	char cipher[64];
	char text[256]; /* for people, when something is wrong */
};

struct tls_client; /* the context */
struct tls_wire;   /* one connection */

/* The authorities are those of CHAINMAIL_ETC/authorities.pem, else the
 * system's. Never NULL; without any authority PKIX always fails. Ends the
 * program (CONFIG) when authorities.pem exists but is unusable. */
struct tls_client *tls_client_open(int etc);
void tls_client_close(struct tls_client *c);
/* The number of authorities. */
size_t tls_client_authorities(const struct tls_client *c);

/* Do the handshake on a connected TCP descriptor (it becomes non-blocking) and
 * switch io to TLS; io must have nothing buffered. NULL on failure: the
 * connection is then unusable, io unchanged. */
struct tls_wire *tls_wire_start(struct tls_client *c, struct io *io, int tcp,
    const struct tls_wish *w, struct tls_outcome *o_r);
/* Append the channel binding tls-exporter (RFC 9266), 32 bytes known only to
 * the two ends of this connection. False: not available below TLS 1.3. */
bool tls_wire_exporter(const struct tls_wire *t, struct str *binding);
/* Send close_notify (without waiting) and free it; io then has no transport and
 * sends no more; the descriptor is the caller's. */
void tls_wire_end(struct tls_wire *t);

#endif
