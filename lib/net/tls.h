/* Ask tlsd for TLS on a connection: the same call for STARTTLS and for implicit
 * TLS. Needs no crypto library. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>

#include "base/str.h"

/* A file in CHAINMAIL_RUN that tlsd writes every second while it has no
 * certificate. */
#define TLS_MISSING "tls-missing"

enum { TLS_TIME_MS = 35000 }; /* longest wait for a handshake */

/* tlsd's report on the handshake; empty where it does not apply. */
struct tls_session {
	struct str protocol; /* TLSv1.3 */
	struct str cipher;   /* TLS_AES_256_GCM_SHA384 */
	struct str sni;      /* the name that the client asked for */
	struct str alpn;
	struct str binding; /* hex, tls-server-end-point (RFC 5929 4.1) */
	struct str cert;    /* the verified client certificate: its mail
			     * address, else its subject */
	struct str reason;  /* why it failed */
};

void tls_session_init(struct tls_session *t);
void tls_session_free(struct tls_session *t);

/* tlsd's socket, and the file that says it has no certificate. */
struct tls_place {
	struct str socket, missing;
};

void tls_place_init(struct tls_place *p);
/* Is TLS available? Not without a socket, nor when tlsd reported in the last
 * seconds that it has no certificate. */
bool tls_is_there(const struct tls_place *p);

/* Ask tlsd (CHAINMAIL_RUN/tls) to do the handshake on a TCP descriptor. service
 * is smtp, submission, submissions, imap, imaps, pop3 or pop3s; alpn is the
 * protocol's name in ALPN (RFC 7301: "imap", "pop3"), "" for no check. Returns
 * the plaintext descriptor (a stream socket, close-on-exec), or -1 with
 * t_r->reason; then the connection is lost. Waits at most TLS_TIME_MS. The
 * caller closes its own copies of tcp in both cases, for example by dup2() of
 * the new descriptor over them. Needs CALLS_CONNECT. */
int tls_start(
    int tcp, const char *service, const char *alpn, struct tls_session *t_r);

#endif
