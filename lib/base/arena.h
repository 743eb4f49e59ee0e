/* Memory for one command: allocated piece by piece, freed all at once. Out of
 * memory ends the process (75). */
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
/* Free everything except one block of ordinary size. */
void arena_clear(struct arena *a);
void arena_free(struct arena *a);
/* The same after overwriting it: for secrets. */
void arena_wipe(struct arena *a);

#endif
