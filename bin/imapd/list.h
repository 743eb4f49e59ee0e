/* LIST and LSUB: which names match. */
#ifndef IMAPD_LIST_H
#define IMAPD_LIST_H

#include "base/span.h"

/* The name matches the pattern: '*' stands for anything, '%' for anything
 * without '/'. Time is bounded by the square of the name's length. */
bool list_match(struct span name, struct span pattern);

#endif
