/* The names in a directory, one by one, without an allocation. */
#ifndef STORE_ENTRIES_H
#define STORE_ENTRIES_H

#include "base/span.h"

struct entries {
	int dir;
	int error; /* errno of a failed read, else 0 */
	size_t at;
	size_t len;
	unsigned char type; /* of the last name, as in the directory */
	_Alignas(8) char buffer[8192];
};

/* Start at the beginning; uses the descriptor's own position. */
void entries_start(struct entries *e, int dir);
/* The next name but "." and ".."; false at the end or on an error. It is good
 * until the next call. */
bool entries_next(struct entries *e, struct span *name_r);
/* The last name is a regular file, not a directory, link or pipe that a program
 * or a person left in a Maildir. */
bool entries_is_file(const struct entries *e, struct span name);

#endif
