/* Shared by the quota*.c files only. */
#ifndef STORE_QUOTA_INSIDE_H
#define STORE_QUOTA_INSIDE_H

#include "store/quota.h"

enum { QUOTA_ALONE_MS = 3000 };

/* Count all folders, under the exclusive quota.lock. */
int quota_sum(const struct store *s, struct quota *q);
bool time_is_before(struct timespec a, struct timespec b);
/* Messages of some folder were added, changed or removed at or after this
 * time. */
bool quota_is_stale(const struct store *s, struct timespec counted);

#endif
