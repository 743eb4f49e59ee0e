/* Sets of numbers (RFC 3501 9, sequence-set): "1,5:3,7:*". */
#ifndef IMAPD_SEQUENCE_H
#define IMAPD_SEQUENCE_H

#include "base/arena.h"
#include "base/span.h"

enum { SEQUENCE_STAR = 0 }; /* the largest number in use */

struct range {
	uint32_t low, high; /* SEQUENCE_STAR as either: '*' */
};
struct sequence {
	struct range *at;
	size_t count;
};

/* Take one off the front; it lives in the arena. */
bool sequence_take(struct span *rest, struct arena *a, struct sequence *s_r);
/* Put the largest number for each '*', low before high, sorted, joined where
 * ranges meet. star is 0 when there is none: those ranges go away that
 * name it. */
void sequence_resolve(struct sequence *s, uint32_t star);
/* n is in a resolved set. */
bool sequence_has(const struct sequence *s, uint32_t n);

#endif
