/* The hosts to try for a job, one after another. */
#ifndef SEND_TRAIL_H
#define SEND_TRAIL_H

#include "net/mx.h"
#include "sender.h"

struct hop {
	enum target_kind kind; /* TARGET_HOST or TARGET_UNIX */
	struct span name;
	struct dns_host address;
	uint16_t port;
	bool lmtp;
	struct span mx; /* the domain whose MX it is; empty: the route's host */
	bool mx_secure;
};

struct trail {
	struct sender *s;
	const struct route *route;
	struct arena *memory;
	size_t target; /* the next one */
	bool in_mx;    /* target is an MX that has further hosts */
	struct mx mx;
};

/* The next host. Hosts that can't be resolved are skipped; r has the reason for
 * the last. False: none left. */
bool trail_next(struct trail *t, struct hop *hop_r, struct result *r);

#endif
