/* The mailbox that a copy, move or append goes to. */
#ifndef STORE_TARGET_H
#define STORE_TARGET_H

#include "store/keywords.h"
#include "store/store.h"
#include "store/uids.h"

struct target {
	struct store *store;
	struct str directory; /* in the root */
	struct maildir to;
	struct keywords keywords;
	struct uids uids;
	int lock; /* -1 until target_begin() */
};

/* Find the mailbox. -1 and errno: ENOENT, EINVAL, EPERM … Call target_end() in
 * any case. */
int target_open(struct target *t, struct store *s, struct span mailbox);
/* Take the lock (unless locked: the caller has it) and n UIDs; returns the
 * first, or 0 and errno, ENOENT when the mailbox was deleted meanwhile. */
uint32_t target_begin(struct target *t, uint32_t n, bool locked);
/* The letters of keywords, as by keywords_make(). Called under the lock. */
int target_keywords(
    struct target *t, const struct span *names, size_t n, uint32_t *letters);
/* Release the lock; the mailbox stays open. */
void target_unlock(struct target *t);
void target_end(struct target *t);

#endif
