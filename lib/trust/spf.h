/* SPF: may this address send for this domain? (RFC 7208) */
#ifndef TRUST_SPF_H
#define TRUST_SPF_H

#include <netinet/in.h>

#include "base/str.h"
#include "trust/resolver.h"
#include "trust/result.h"

/* RFC 7208 4.6.4. */
enum {
	SPF_LOOKUPS_MAX = 10, /* terms that ask the DNS */
	SPF_VOID_MAX = 2,     /* answers without a record */
	SPF_NAMES_MAX = 10,   /* of an MX or PTR answer */
};
enum { SPF_TERMS_MAX = 512 }; /* of one record; more are a permanent error */

/* An address of either family. */
struct spf_address {
	int family;
	unsigned char bytes[16]; /* the first 4, or all */
};
/* The text of an address; IPv4 inside IPv6 is IPv4. */
bool spf_address_parse(const char *text, struct spf_address *a_r);

struct spf {
	struct resolver *resolver;
	struct spf_address client;
	struct span local;  /* of the sender; "postmaster" if it has none */
	struct span domain; /* of the sender, or the HELO name */
	struct span helo;
	/* While checking: */
	unsigned lookups, voids;
	struct str reason; /* the term that matched, or what went wrong */
	bool listed;       /* PTR names have been looked for (%{p}) */
	struct span *names;
	size_t name_count;
	struct arena arena;
};

/* Fill in what is asked: sender is an address or empty, then helo is checked.
 * The spans must live as long. */
void spf_init(struct spf *s, struct resolver *r,
    const struct spf_address *client, struct span sender, struct span helo);
void spf_free(struct spf *s);
/* Questions that will be put in any case. */
void spf_want(struct spf *s);
enum result spf_check(struct spf *s);

#endif
