/* The files `verify` and `forwarders` of the configuration: see
 * chainmail-verify(5). */
#ifndef TRUST_RULES_H
#define TRUST_RULES_H

#include "base/hash.h"
#include "base/str.h"

/* Each is made unless the file `verify` has a line "NAME off". */
enum rule {
	RULE_SPF,
	RULE_DKIM,
	RULE_ARC,
	RULE_DMARC,
	RULE_IPREV,
	RULE_REJECT,     /* what a domain wants refused is refused */
	RULE_QUARANTINE, /* what it wants put aside is marked */
	RULES
};
struct rules {
	bool off[RULES];
	struct span *forwarders; /* domains, lower case */
	size_t count;
	struct arena arena;
};
/* Read one of the files into *r, which is all zero before the first. Mistakes
 * are reported through complain (may be NULL), one by one, and such lines are
 * skipped. Returns their number. */
unsigned rules_read_checks(int etc, struct rules *r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
unsigned rules_read_forwarders(int etc, struct rules *r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void rules_free(struct rules *r);
/* arg is a struct rules: the domain is a trusted forwarder, in any case. */
bool rules_trust(void *arg, struct span domain);

#endif
