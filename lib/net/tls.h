/* Ask tlsd for TLS on a connection: the same call for STARTTLS and for
 * implicit TLS. No crypto library comes with it. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/str.h"

enum { TLS_TIME_MS = 35000 }; /* longest wait for a handshake */

/* What tlsd said about the handshake; empty where it does not apply. */
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

/* Have tlsd (CHAINMAIL_RUN/tls) do the handshake on a TCP descriptor. service
 * is smtp, submission, submissions, imap, imaps, pop3 or pop3s; alpn is what
 * the protocol is called there (RFC 7301: "imap", "pop3"), "" to leave it
 * unchecked. Returns the plaintext descriptor (a stream socket,
 * close-on-exec), or -1 with t_r->reason; then the connection is lost.
 * Waits at most TLS_TIME_MS. The caller closes its own copies of tcp in both
 * cases, for example by dup2() of the new descriptor over them. Needs
 * CALLS_CONNECT. */
int tls_start(
    int tcp, const char *service, const char *alpn, struct tls_session *t_r);

#endif
