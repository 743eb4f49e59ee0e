/* The questions that the checks of one message put to the DNS. Each is asked
 * once; those known beforehand together. Where the answers come from is the
 * caller's: the DNS, or a test's zone. */
#ifndef TRUST_RESOLVER_H
#define TRUST_RESOLVER_H

#include "base/hash.h"
#include "net/dns.h"

/* Questions of one message; further ones are answered DNS_LATER. */
enum { RESOLVER_MAX = 400 };

struct resolver_entry;
struct resolver {
	/* Answer them all; memory is the arena's. */
	void (*lookup)(void *arg, const struct dns_question *questions,
	    size_t count, struct arena *a, struct dns_answer *answers_r);
	void *arg;
	struct arena arena;
	struct hash known;
	size_t count;
	struct resolver_entry *wanted; /* not asked yet */
	size_t waiting;
};

void resolver_init(struct resolver *r,
    void (*lookup)(void *arg, const struct dns_question *questions,
	size_t count, struct arena *a, struct dns_answer *answers_r),
    void *arg);
void resolver_free(struct resolver *r);

/* It will be asked, together with others. name is in any case; one that can't
 * be a domain does not exist. */
void resolver_want(struct resolver *r, struct span name, enum dns_type type);
/* Ask what waits, and this. The answer lives as long as the resolver. */
const struct dns_answer *resolver_ask(
    struct resolver *r, struct span name, enum dns_type type);
/* Ask what waits. */
void resolver_gather(struct resolver *r);

#endif
