/* The names in a directory, one by one, without an allocation. */
#ifndef STORE_ENTRIES_H
#define STORE_ENTRIES_H

#include "base/span.h"

struct entries {
	int dir;
	int error; /* errno of a failed reading, else 0 */
	size_t at;
	size_t len;
	_Alignas(8) char buffer[8192];
};

/* Begin at the front; the descriptor's own position is used. */
void entries_start(struct entries *e, int dir);
/* The next name but "." and ".."; false at the end or on an error. It is good
 * until the next call. */
bool entries_next(struct entries *e, struct span *name_r);

#endif
