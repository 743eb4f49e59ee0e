/* The mailbox that a copy, move or append goes to. */
#ifndef STORE_TARGET_H
#define STORE_TARGET_H

#include "store/keywords.h"
#include "store/store.h"
#include "store/uids.h"

struct target {
	struct store *store;
	struct maildir to;
	struct keywords keywords;
	struct uids uids;
	int lock; /* -1 until target_begin() */
};

/* Find the mailbox. -1 and errno: ENOENT, EINVAL, EPERM … target_end() in any
 * case. */
int target_open(struct target *t, struct store *s, struct span mailbox);
/* Take the lock (unless locked: the caller has it) and n UIDs; the first, or 0
 * and errno. */
uint32_t target_begin(struct target *t, uint32_t n, bool locked);
/* The bits of keywords by name, made where missing; those that can't be had
 * are left out. Under the lock. */
uint32_t target_keyword(struct target *t, struct span name);
void target_end(struct target *t);

#endif
