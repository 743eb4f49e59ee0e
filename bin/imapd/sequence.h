/* Sets of numbers (RFC 3501 9, sequence-set): "1,5:3,7:*". */
#ifndef IMAPD_SEQUENCE_H
#define IMAPD_SEQUENCE_H

#include "base/arena.h"
#include "base/span.h"

enum { SEQUENCE_STAR = 0 }; /* the largest number in use */

struct range {
	uint32_t low, high; /* either may be SEQUENCE_STAR: '*' */
};
struct sequence {
	struct range *at;
	size_t count;
};

/* Take one off the front; it is allocated in the arena. */
bool sequence_take(struct span *rest, struct arena *a, struct sequence *s_r);
/* Replace each '*' by star, the largest number; order each range, sort them,
 * and join ranges that meet. star is 0 when there is no message: ranges with
 * '*' are dropped. */
void sequence_resolve(struct sequence *s, uint32_t star);
/* n is in a resolved set. */
bool sequence_has(const struct sequence *s, uint32_t n);

#endif
