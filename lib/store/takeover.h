/* The UIDs that other servers kept in files of their own. */
#ifndef STORE_TAKEOVER_H
#define STORE_TAKEOVER_H

#include "base/str.h"

struct takeover_entry {
	struct span base; /* into the text parsed */
	uint32_t uid;
};
struct takeover {
	uint32_t validity; /* 0: nothing to take over */
	uint32_t next;
	struct takeover_entry *at; /* sorted by base */
	size_t count;
	size_t room;
};

/* dovecot-uidlist of versions 3 and 1, and courierimapuiddb. False: it is none
 * of these. Malformed lines are skipped. */
bool takeover_uidlist(struct takeover *t, struct span text);
/* mbsync's .uidvalidity: two lines, UIDVALIDITY and the highest UID; the UIDs
 * are in the names. */
bool takeover_mbsync(struct takeover *t, struct span text);
/* The UID of a message, or 0. */
uint32_t takeover_find(const struct takeover *t, struct span base);
void takeover_free(struct takeover *t);

#endif
