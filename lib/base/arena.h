/* Memory that belongs to one command: taken piece by piece, given back at
 * once. Out of memory ends the process (75). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
};

#define ARENA_INIT                                                             \
	{                                                                      \
		NULL                                                           \
	}

/* Zeroed and aligned for any type; lives until arena_clear(). */
void *arena_new(struct arena *a, size_t size);
/* A NUL-ended copy. */
struct span arena_copy(struct arena *a, struct span s);
/* Give everything back but one block of ordinary size. */
void arena_clear(struct arena *a);
void arena_free(struct arena *a);

#endif
