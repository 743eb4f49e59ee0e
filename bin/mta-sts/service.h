/* The state of mta-sts. */
#ifndef SERVICE_H
#define SERVICE_H

#include "net/dns.h"
#include "net/https.h"
#include "net/sts.h"

struct service {
	int dir; /* CHAINMAIL_SPOOL/sts; -1: no cache */
	struct dns *dns;
	struct https *https;
	uint16_t port; /* of the policy hosts: 443 except in tests */
};

/* The cached state of a domain: a file of the cache. */
struct known {
	struct str id;
	int64_t fetched;        /* when text came; seconds since the epoch */
	int64_t failed;         /* when a later try failed; 0: none did */
	struct str result, why; /* of that try: RFC 8460 4.3's word; text */
	struct str text;        /* the policy as received; may be empty */
	struct sts_policy policy;
	bool usable; /* text is a policy and has not expired */
};
void known_init(struct known *k);
void known_free(struct known *k);

/* Read it; with a missing or damaged file k_r is empty. The policy lives in the
 * arena. -1 and errno: there may be one, but it can't be read now. */
int cache_read(int dir, struct span domain, struct arena *a, struct known *k_r);
/* Write it durably; -1 and errno. */
int cache_write(int dir, struct span domain, const struct known *k);
/* Let only one process at a time fetch for a domain: the descriptor that holds
 * the lock (close it), or -1: locking failed or timed out. */
int cache_lock(int dir, struct span domain);
/* Remove stale entries. */
void cache_sweep(int dir);

/* The domain's policy per RFC 8461 3 and 5.1: from the cache, or fetched now.
 * domain is in its ASCII form. STS_FOUND: k_r holds it; STS_FAILED: k_r's
 * result and why; STS_LATER and errno: the cache can't be read. */
enum sts_result policy_find(const struct service *s, struct span domain,
    struct arena *a, struct known *k_r);

/* The domain of a question, folded; false when it can't have a policy. */
bool question_domain(struct span text, struct str *domain_r);
/* One question on descriptor 0: an exit code. */
int question_answer(const struct service *s);

#endif
