/* Shared by the shared*.c files only. */
#ifndef STORE_SHARED_INSIDE_H
#define STORE_SHARED_INSIDE_H

#include "base/str.h"

/* Append the owners whose lists have this user, each ended by LF; looks counts
 * the lists that were looked at. */
void shared_owners_find(struct span user, struct str *owners, size_t *looks);

#endif
