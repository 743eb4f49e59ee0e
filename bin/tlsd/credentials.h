/* A certificate with its key, and the contexts that serve it. */
#ifndef TLSD_CREDENTIALS_H
#define TLSD_CREDENTIALS_H

#include <openssl/x509.h>

#include "context.h"
#include "secrets.h"

enum { SERVICES = 7, BINDING_MAX = 64 };

struct credentials {
	X509 *leaf;       /* NULL: there are none */
	struct str chain; /* PEM, for further contexts */
	struct {
		struct terms terms;
		struct context context;
	} ready[SERVICES];
	size_t count;
	struct secrets secrets;
	bool noted; /* all copies of the key were noted */
	/* tls-server-end-point (RFC 5929 4.1) */
	unsigned char binding[BINDING_MAX];
	unsigned binding_len;
};

struct loading {
	const char *name;
	bool clients; /* ask clients for certificates where appropriate */
	bool ready;   /* create a warm context for each service now; else on
		     * demand */
	const struct tickets *tickets;
	struct span keys; /* their memory, besides the heap */
};

/* Read cert.pem (leaf first, then its chain) and key.pem of a folder; -1 with
 * why_r when they can't be read or don't belong together. */
int credentials_load(struct credentials *c_r, int dir, const struct loading *l,
    struct str *why_r);
void credentials_free(struct credentials *c);
/* The ready context for these terms; NULL: none. */
struct tls *credentials_ready(
    const struct credentials *c, const struct terms *t);
/* Create it; NULL and why_r on failure. */
struct tls *credentials_make(struct credentials *c, const struct terms *t,
    const struct tickets *tickets, struct str *why_r);
/* Whether to ask for client certificates: not other mail servers, some of which
 * fail then. */
bool credentials_ask(const char *service, bool clients);
/* Use the latest ticket key. */
void credentials_renew_tickets(
    struct credentials *c, const struct tickets *tickets);
/* Overwrite all copies of the key, and the ticket keys; existing connections
 * continue. */
void credentials_forget(struct credentials *c);

#endif
