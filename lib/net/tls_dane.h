/* TLSA records of a host (RFC 7672 2.2); for tls_rule. */
#ifndef NET_TLS_DANE_H
#define NET_TLS_DANE_H

#include "net/dns.h"

enum dane_result {
	DANE_NONE,     /* no secure records */
	DANE_FOUND,    /* at least one is usable */
	DANE_UNUSABLE, /* there are records, but no usable ones */
	DANE_LATER,    /* unknown: don't use this host */
};
struct dane {
	enum dane_result result;
	struct span base; /* the name that the records are for */
	struct dns_record *records;
	size_t count;
};

/* name: the host as in the MX record or route; address: dns_host() of it. Call
 * it only if the host's name itself can be trusted. */
void dane_find(struct dns *dns, struct span name,
    const struct dns_host *address, uint16_t port, struct arena *a,
    struct dane *dane_r);

#endif
