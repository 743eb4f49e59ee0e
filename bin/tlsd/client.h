/* Certificates of clients: libtls accepts any, they are verified here. */
#ifndef TLSD_CLIENT_H
#define TLSD_CLIENT_H

#include <openssl/x509_vfy.h>
#include <tls.h>

#include "base/str.h"

/* The authorities in clients-ca.pem of a folder; NULL and why_r when there are
 * none in it. */
X509_STORE *client_authorities(int dir, struct str *why_r);
/* Append the client's mail address and its subject as RFC 2253 writes it, if it
 * sent a certificate that verifies; else nothing. */
void client_subject(struct tls *tls, X509_STORE *authorities, struct str *text);

#endif
