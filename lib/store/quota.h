/* How much an account holds: Maildir++'s file `maildirsize` in the root,
 * compatible with Courier and Dovecot, and the mark by which smtpd knows at
 * RCPT that a mailbox is full. */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include "store/store.h"

struct quota {
	uint64_t limit;    /* bytes; 0: none */
	uint64_t messages; /* limit of messages; 0: none */
	int64_t used;      /* bytes (S=) of all folders */
	int64_t count;     /* messages */
};

/* Read the usage, counting anew when the file is missing, damaged, over 5120
 * bytes, or made for another limit. With limit QUOTA_AS_WRITTEN the file's own
 * limit holds (imapd); no file then means no quota, and nothing is counted.
 * With limit 0 there is no quota any more: the file is removed.
 * -1 and errno. */
#define QUOTA_AS_WRITTEN UINT64_MAX
int quota_read(const struct store *s, uint64_t limit, struct quota *q_r);
/* Add to the usage (one append; negative after a removal); nothing is done when
 * the account has no maildirsize. Updates q if given. */
int quota_add(
    const struct store *s, struct quota *q, int64_t bytes, int64_t count);
/* Count everything and write the file anew. */
int quota_count(const struct store *s, struct quota *q);
/* This much more would be over a limit. */
bool quota_over(const struct quota *q, uint64_t bytes, uint64_t count);

/* The mark CHAINMAIL_MAIL/.full/ADDRESS (percent-encoded): set or removed, so
 * that it tells whether the mailbox is full. No error: it only saves work. */
void quota_mark(struct span address, bool full);
bool quota_marked(struct span address);

#endif
