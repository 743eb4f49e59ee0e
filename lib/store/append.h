/* A message brought into a mailbox by a session (APPEND). */
#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include "base/id.h"
#include "store/delivery.h"
#include "store/folder.h"
#include "store/target.h"

struct append {
	struct id id;
	struct target to;
	struct delivery file;
	struct str waiting; /* converted, not written */
	bool cr;            /* a CR is held back until the next byte is known */
};

/* Begin; the message goes to tmp/ of the mailbox. -1 and errno: ENOENT no such
 * mailbox (TRYCREATE), EINVAL, EPERM, … append_end() in any case. */
int append_start(struct append *a, struct store *s, struct span mailbox);
/* Bytes as the client sent them; each CRLF is stored as LF. */
int append_write(struct append *a, struct span bytes);
/* Give it its UID and its place in cur/. date: internal date, seconds since the
 * epoch. keywords: names, n of them; those beyond the 26th are dropped. open:
 * the folder that the session has open, or NULL; where that is this mailbox it
 * knows the message now, and has no need to read its directories again.
 * -1 and errno: EDQUOT over quota, EAGAIN locked, … */
struct append_how {
	int64_t date;
	uint32_t flags;
	const struct span *keywords;
	size_t keyword_count;
};
int append_commit(struct append *a, const struct append_how *how,
    struct folder *open, uint32_t *uidvalidity_r, uint32_t *uid_r);
void append_end(struct append *a);

/* STATUS: what a mailbox holds, without a session. */
struct mailbox_status {
	uint32_t messages, recent, unseen, deleted;
	uint32_t uidnext, uidvalidity;
	uint64_t size; /* W= of all; only if asked */
};
int mailbox_status(
    struct store *s, struct span mailbox, bool size, struct mailbox_status *r);

#endif
