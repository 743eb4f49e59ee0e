/* The mail hosts of a domain, in the order to try them (RFC 5321 5.1), each
 * looked up in its turn.
 *	mx_find(d, domain, &from, &arena, &m);
 *	while (m.result == MX_FOUND && mx_next(&m, d, &arena, &host))
 *		try host.found.addresses (none: look at host.found.result)
 *	m.result may have become MX_LOOP in mx_next() */
#ifndef NET_MX_H
#define NET_MX_H

#include "net/dns.h"

enum { MX_HOSTS_MAX = 10 };

enum mx_result {
	MX_FOUND,
	MX_GONE,  /* there is no such domain: permanent, 5.1.2 */
	MX_NULL,  /* it takes no mail (RFC 7505): permanent, 5.1.10 */
	MX_LOOP,  /* its best host is this one: permanent, 5.4.6 */
	MX_LATER, /* no answer, or an unusable one */
	MX_OFF,   /* DNS is off, and the domain is not in `hosts` */
};

struct mx_host {
	struct span name; /* ASCII, lower case */
	uint16_t preference;
	struct dns_host found; /* its addresses, by mx_next() */
};

struct mx {
	enum mx_result result;
	bool secure;      /* the MX answer was secure (also a denial) */
	bool implicit;    /* no MX: the domain itself is the one host */
	struct span name; /* of the MX records, behind CNAMEs */
	struct span me;
	uint16_t port;
	struct mx_host *hosts; /* best first; equal ones in random order */
	size_t count;
	size_t at; /* of mx_next() */
};

/* This host, to prevent mail loops. */
struct mx_self {
	struct span me; /* conf_me() */
	uint16_t port;  /* of the target; an address of ours is us only at 25 */
};

/* Ask for the MX records of a domain in its ASCII form. All results are in the
 * arena (self must stay valid too). */
void mx_find(struct dns *d, struct span domain, const struct mx_self *self,
    struct arena *a, struct mx *mx_r);
/* The next host with its addresses; false when there is no further one. An
 * address of this machine ends the list: this host and later ones are dropped
 * (RFC 5321 5.1), and if it was the first one, result becomes MX_LOOP. A host
 * without an address (found.result: DNS_GONE, DNS_EMPTY, DNS_LATER) is returned
 * too, so that the caller can report the reason; for an implicit MX that is the
 * whole answer. */
bool mx_next(
    struct mx *m, struct dns *d, struct arena *a, struct mx_host *host_r);

/* The address is of this machine: loopback, unspecified, or an interface's.
 * Needs CALLS_INTERNET. */
bool mx_address_is_own(const struct sockaddr_storage *at);

#endif
