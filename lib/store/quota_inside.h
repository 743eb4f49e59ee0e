/* Shared by the quota*.c files only. */
#ifndef STORE_QUOTA_INSIDE_H
#define STORE_QUOTA_INSIDE_H

#include "store/quota.h"

bool time_is_before(struct timespec a, struct timespec b);
/* Messages of some folder were added, changed or removed at or after this
 * time. */
bool quota_is_stale(const struct store *s, struct timespec counted);

#endif
