/* The domains of a message's authors: those of all its From fields. */
#ifndef TRUST_AUTHOR_H
#define TRUST_AUTHOR_H

#include "base/arena.h"
#include "trust/fields.h"

enum { AUTHORS_MAX = 8 }; /* more domains are no author's */

struct authors {
	struct span domains[AUTHORS_MAX]; /* each once; lower case, ASCII */
	size_t count;
	const char *fault; /* NULL, or why they can't all be told */
};
/* Memory is the arena's. */
void authors_read(struct authors *a_r, const struct fields *f, struct arena *a);

#endif
