/* libtls' contexts: one for each certificate and service, as each has its own
 * session id. */
#ifndef TLSD_CONTEXT_H
#define TLSD_CONTEXT_H

#include <stdbool.h>
#include <tls.h>

#include "base/str.h"
#include "tickets.h"

/* The parameters of a context. */
struct terms {
	const char *certificate; /* its folder's name */
	const char *service;
	const char *alpn; /* "": none */
	bool asks;        /* ask the client for a certificate */
};

struct context {
	struct tls_config *config;
	struct tls *tls; /* NULL: there is none */
};

/* Create an empty one. Open several before filling the first: the parts that
 * every child overwrites then share pages. */
void context_open(struct context *x_r);
/* Make it a server that shows this certificate chain (PEM) and signs with this
 * key; -1 and why_r when they can't be used. */
int context_fill(struct context *x, struct span chain, struct span key,
    const struct terms *t, const struct tickets *tickets, struct str *why_r);
void context_free(struct context *x);
/* libtls' error text, without its location. */
struct span context_reason(const char *error);

/* Do one handshake with ourselves, in memory, for each version, so that every
 * child inherits what the library initialises at first use, and so that further
 * copies of the key exist and can be found. */
void context_warm(const struct context *x);

#endif
