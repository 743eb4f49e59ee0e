/* The acceptor's state, for its two files. */
#ifndef LISTEN_ACCEPTOR_H
#define LISTEN_ACCEPTOR_H

#include "listen.h"

enum {
	WAITING_MAX = 256,      /* balancers' connections still without a
			       * header */
	PROXY_TIME_MS = 5000,   /* for the header to arrive */
	REFUSALS_A_SECOND = 10, /* that are logged */
};

/* A balancer's connection whose header is incomplete. */
struct waiting {
	int fd;
	int64_t until;
	const struct listener *listener;
	struct ends ends;
	size_t have;
	char bytes[PROXY_MAX];
};

struct acceptor {
	const struct options *options;
	const struct listener *listeners;
	size_t listener_count;
	int channel; /* to the program; not blocking */
	int signals;
	bool closing;
	struct table table;
	int held; /* a connection waiting for room in the channel; or -1 */
	struct connection *held_as;
	struct waiting *waiting[WAITING_MAX];
	size_t waiting_count;
	struct str packet;
	int64_t refused_at; /* the second of refused_count */
	unsigned refused_count, unlogged;
};

/* A connection whose two ends are known: count it and hand it to the program,
 * or refuse it. Takes fd. */
void connection_admit(
    struct acceptor *a, int fd, const struct listener *l, const struct ends *e);
/* Retry to hand over the held connection. */
void connection_hand_over(struct acceptor *a);
/* A record from the program: a connection's end, or its own restart. */
void connection_ended(struct acceptor *a, struct span record);

/* A balancer's connection: wait for its header. Takes fd. */
void waiting_add(
    struct acceptor *a, int fd, const struct listener *l, const struct ends *e);
/* More bytes arrived, or the time is up. */
void waiting_read(struct acceptor *a, size_t i);
void waiting_expire(struct acceptor *a, int64_t now);

/* Log a connection that was not served. */
void log_refusal(struct acceptor *a, const struct listener *l,
    const struct ends *e, const char *reason);

#endif
