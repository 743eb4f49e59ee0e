/* What mta-sts knows and uses. */
#ifndef SERVICE_H
#define SERVICE_H

#include "net/dns.h"
#include "net/https.h"
#include "net/sts.h"

struct service {
	int dir; /* CHAINMAIL_SPOOL/sts; -1: nothing is kept */
	struct dns *dns;
	struct https *https;
	uint16_t port; /* of the policy hosts: 443 but in tests */
};

/* What is known of a domain: a file of the cache. */
struct known {
	struct str id;
	int64_t fetched;        /* when text came; seconds since the epoch */
	int64_t failed;         /* when a later try failed; 0: none did */
	struct str result, why; /* of that try: RFC 8460 4.3's word; text */
	struct str text;        /* the policy as it came; may be empty */
	struct sts_policy policy;
	bool usable; /* text is a policy and has not expired */
};
void known_init(struct known *k);
void known_free(struct known *k);

/* Read it; without a file, or with a broken one, k_r is empty. The policy lives
 * in the arena. -1 and errno: there may be one, but it can't be read now. */
int cache_read(int dir, struct span domain, struct arena *a, struct known *k_r);
/* Put it into its place, durably; -1 and errno. */
int cache_write(int dir, struct span domain, const struct known *k);
/* Only one process asks for a domain at a time: the descriptor that holds the
 * lock (close it), or -1: nothing can be locked, or it takes too long. */
int cache_lock(int dir, struct span domain);
/* Remove what says nothing any more. */
void cache_sweep(int dir);

/* The domain's policy as RFC 8461 3 and 5.1 have it: from the cache, or fetched
 * now. domain is in its ASCII form. STS_FOUND: k_r holds it; STS_FAILED: k_r's
 * result and why; STS_LATER and errno: what is known can't be read. */
enum sts_result policy_find(const struct service *s, struct span domain,
    struct arena *a, struct known *k_r);

/* The domain of a question, folded; false when it is none that can have a
 * policy. */
bool question_domain(struct span text, struct str *domain_r);
/* One question on descriptor 0: an exit code. */
int question_answer(const struct service *s);

#endif
