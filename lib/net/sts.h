/* MTA-STS (RFC 8461): its two texts, and queries to the program mta-sts. */
#ifndef NET_STS_H
#define NET_STS_H

#include "base/arena.h"
#include "base/str.h"

enum {
	STS_AGE_MAX = 31557600, /* RFC 8461 3.2: seconds, about a year */
	STS_SIZE_MAX = 65536,   /* bytes of a policy */
	STS_ID_MAX = 32,
	STS_HOSTS_MAX = 100,
	STS_ASK_MS = 100000, /* longest wait for mta-sts, which fetches */
};
enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age; /* seconds */
	struct span *mx;  /* lower case: "mail.example.org", "*.example.net" */
	size_t count;
};

/* Read a policy file; NULL, or the fault (then there is no policy). The spans
 * live in the arena. */
const char *sts_policy_parse(
    struct span text, struct arena *a, struct sts_policy *p_r);
/* Read one TXT record of _mta-sts.DOMAIN; false when it is invalid. */
bool sts_text_parse(struct span text, struct span *id_r);
/* It begins with "v=STSv1;": others don't count (RFC 8461 3.1). */
bool sts_text_is(struct span text);
/* RFC 8461 4.1: one of the patterns is this host's (lower case, ASCII). */
bool sts_matches(const struct sts_policy *p, struct span host);
/* "none", "testing", "enforce". */
const char *sts_mode_text(enum sts_mode mode);

enum sts_result {
	STS_FOUND,  /* there is a policy (its mode may be none) */
	STS_ABSENT, /* none, or no mta-sts here */
	STS_FAILED, /* a policy exists, but could not be fetched and is not
		     * cached: text has the reason. Send as without one (RFC
		     * 8461 3.3, 5), and report it. */
	STS_LATER,  /* mta-sts runs but does not answer: don't send as without a
		     * policy */
};
struct sts_answer {
	enum sts_result result;
	struct sts_policy policy;
	const char *failure; /* STS_FAILED: RFC 8460 4.3's word */
	struct span text;    /* STS_FAILED, STS_LATER: for people */
};
/* Ask mta-sts (CHAINMAIL_RUN/sts). No such socket: STS_ABSENT. Needs
 * CALLS_CONNECT. */
void sts_ask(struct span domain, struct arena *a, struct sts_answer *answer_r);
/* Read mta-sts's answer (for sts_ask(), and fuzzing). */
void sts_answer_read(
    struct span line, struct arena *a, struct sts_answer *answer_r);

#endif
