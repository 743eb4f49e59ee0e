/* TCP connections to one of a host's addresses, skipping unresponsive ones. */
#ifndef SEND_DIAL_H
#define SEND_DIAL_H

#include "net/dns.h"

enum {
	DIAL_STEP_MS = 2000,  /* then the next address is tried as well */
	DIAL_WAIT_MS = 12000, /* for all of them: enough for answers to SYNs
				* sent at 0, 1, 3 and 7 s */
	DEAD_MS = 180000,     /* how long an address is avoided */
	DEAD_MAX = 64,
	DIAL_MAX = 32,
};

struct dead {
	char ip[INET6_ADDRSTRLEN];
	uint16_t port;
	int64_t until;
};
/* Addresses that did not answer this process. */
struct dead_list {
	struct dead all[DEAD_MAX];
	size_t next; /* is replaced next */
};
bool dead_has(const struct dead_list *d, const char *ip, uint16_t port);
void dead_add(struct dead_list *d, const char *ip, uint16_t port);

struct dial {
	struct dns_address *addresses;
	size_t count;
	uint16_t port;
	int wait_ms;
};
/* Connect: a first address, and while none has answered a further one every two
 * seconds (RFC 8305), or at once when all before have refused. Returns the
 * descriptor (non-blocking) and the address; -1 and errno of the last failure.
 * Addresses that did not answer in time are added to dead. */
int dial_run(
    const struct dial *d, struct dead_list *dead, const struct dns_address **r);
/* Connect to a Unix stream socket; -1 and errno. */
int dial_unix(struct span path);

#endif
