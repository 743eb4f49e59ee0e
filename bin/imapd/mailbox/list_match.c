#include "mailbox/list.h"
#include "store/mailbox.h"

/* Where to backtrack to on a mismatch: the wildcard takes one byte more. Only
 * the last of each kind is worth a retry: within a level the leftmost match
 * leaves most for the rest of the pattern. */
struct retry {
	bool set;
	size_t name, pattern;
};

static bool
retry_take(struct retry *r, struct span name, bool any, size_t *n, size_t *p)
{
	if (!r->set || r->name >= name.len ||
	    (!any && name.at[r->name] == MAILBOX_SEPARATOR)) {
		r->set = false;
		return false;
	}
	*n = ++r->name;
	*p = r->pattern;
	return true;
}

bool
list_match(struct span name, struct span pattern)
{
	struct retry star = { .set = false }, percent = { .set = false };
	size_t n = 0, p = 0;

	for (;;) {
		char c = p < pattern.len ? pattern.at[p] : '\0';

		if (c == '*') {
			star = (struct retry){ true, n, ++p };
			percent.set = false;
		} else if (c == '%') {
			percent = (struct retry){ true, n, ++p };
		} else if (p == pattern.len && n == name.len) {
			return true;
		} else if (p < pattern.len && n < name.len && name.at[n] == c) {
			n++;
			p++;
		} else if (retry_take(&percent, name, false, &n, &p)) {
			continue;
		} else if (!retry_take(&star, name, true, &n, &p)) {
			return false;
		}
	}
}
