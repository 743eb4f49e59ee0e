/* How much an account holds: Maildir++'s file `maildirsize` in the root,
 * compatible with Courier and Dovecot, and the mark by which smtpd knows at
 * RCPT that a mailbox is full.
 *
 * The file sums up changes. A change of the usage holds quota.lock (shared)
 * from before the change until its line is written; a recount holds it
 * exclusively, so that every change is counted once. */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include <time.h>

#include "store/store.h"

struct quota {
	uint64_t limit;    /* bytes; 0: no limit */
	uint64_t messages; /* number of messages; 0: no limit */
	int64_t used;      /* bytes (S=) of all folders */
	int64_t count;     /* messages */
};

/* Read the usage, recounting when the file is missing, damaged, over 5120
 * bytes, or made for another limit. With limit QUOTA_AS_WRITTEN the file's own
 * limit holds (imapd); no file then means no quota, and nothing is counted.
 * With limit 0 the quota was lifted: the file is removed. -1 and errno. */
#define QUOTA_AS_WRITTEN UINT64_MAX
int quota_read(const struct store *s, uint64_t limit, struct quota *q_r);
/* The same, and whether there is room for this much more. Before it says no it
 * recounts, unless the file has only one line and is neither older than a
 * quarter of an hour (Maildir++) nor than a change of any folder. 1: room; 0:
 * none; -1 and errno. The caller holds none of this account's locks. */
int quota_room(const struct store *s, uint64_t limit, uint64_t bytes,
    uint64_t count, struct quota *q_r);
/* Count everything and rewrite the file. Unreadable files count as nothing. -1
 * and errno: EAGAIN when others keep changing the account. The caller holds
 * none of this account's locks. */
int quota_count(const struct store *s, struct quota *q);
/* What the file says and what a count gives, for people; nothing is written. 1: the
 * account has a quota; 0: it has none; -1 and errno as quota_count(). A file that
 * says nothing sensible has used -1. */
int quota_verify(
    const struct store *s, struct quota *written_r, struct quota *counted_r);
/* Adding this much would exceed a limit. */
bool quota_over(const struct quota *q, uint64_t bytes, uint64_t count);

/* A change of the usage. Hold before taking the folder's lock, add the change
 * to bytes and count, release after releasing the folder's lock. No errors:
 * without maildirsize nothing is done; the next recount makes up for a failed
 * write. */
struct quota_change {
	int64_t bytes, count; /* set by the caller */
	int lock;
	bool there; /* the account has a quota */
};
void quota_hold(const struct store *s, struct quota_change *c);
void quota_release(const struct store *s, struct quota_change *c);
/* Add to the usage (one append; negative after a removal) while quota.lock is
 * held; nothing is done when the account has no maildirsize. Updates q if
 * given. */
int quota_add(
    const struct store *s, struct quota *q, int64_t bytes, int64_t count);

/* The mark CHAINMAIL_MAIL/.full/ADDRESS (percent-encoded): set (or given the
 * present time) when the mailbox is full, else removed (or, while a session has
 * it open, given a time long past). No errors: the mark only saves work. */
void quota_mark(struct span address, bool full);
/* The account's own mark, for a session whose sandbox can't open marks: its
 * descriptor, or -1 if it can't be created. An account with a quota gets one
 * that is not yet set. quota_mark_clear() marks the mailbox as not full; -1:
 * nothing is done. */
int quota_mark_open(const struct store *s, struct span address);
void quota_mark_clear(int mark);
/* A valid mark is set: not older than a quarter of an hour, nor than `since`,
 * the last change of the accounts. Without one, the next message has the
 * mailbox itself checked. */
bool quota_marked(struct span address, struct timespec since);

#endif
