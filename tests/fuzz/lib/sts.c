/* What a domain publishes for MTA-STS may be anything; what is taken from it
 * is what it has to be. */
#include <stdlib.h>
#include <string.h>

#include "net/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct sts_policy *p)
{
	if (p->max_age > STS_AGE_MAX || p->count > STS_HOSTS_MAX ||
	    (p->mode != STS_NONE && p->count == 0))
		abort();
	for (size_t i = 0; i < p->count; i++) {
		struct span host = p->mx[i];

		if (host.len == 0 || host.at[host.len - 1] == '.')
			abort();
		for (size_t k = 0; k < host.len; k++)
			if (host.at[k] <= ' ' || host.at[k] >= 127 ||
			    host.at[k] == '/' ||
			    byte_lower(host.at[k]) != host.at[k])
				abort();
		/* A pattern matches nothing but what looks like it. */
		if (sts_matches(p, SPAN("")))
			abort();
		if (!span_starts(host, SPAN("*.")) && !sts_matches(p, host))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, id = SPAN("");
	struct arena a = ARENA_INIT;
	struct sts_answer answer;
	struct sts_policy p;

	if (sts_text_parse(text, &id) && (id.len == 0 || id.len > STS_ID_MAX))
		abort();
	if (sts_policy_parse(text, &a, &p) == NULL)
		check(&p);
	sts_answer_read(text, &a, &answer);
	if (answer.policy.count > STS_HOSTS_MAX)
		abort();
	sts_matches(&p, text);
	arena_free(&a);
	return 0;
}
