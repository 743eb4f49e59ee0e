/* The PROXY protocol's header, versions 1 and 2, sent by a balancer before the
 * client's first byte. */
#ifndef LISTEN_PROXY_H
#define LISTEN_PROXY_H

#include <netinet/in.h>

#include "base/span.h"

enum { PROXY_MAX = 536 }; /* longest header accepted, with extensions */

struct proxy {
	bool known; /* false: the balancer itself (a health check) */
	struct in6_addr remote, own; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t remote_port, own_port;
};

/* Length of the header at the beginning of bytes; 0: more bytes are needed; -1:
 * not a header. */
int proxy_parse(struct span bytes, struct proxy *p_r);

#endif
