/* The chain of those who have forwarded a message (RFC 8617): each has sealed
 * what it found of the message, and the seals before its own. */
#ifndef TRUST_ARC_H
#define TRUST_ARC_H

#include "trust/signature.h"

enum { ARC_MAX = 50 }; /* RFC 8617 5.1.1.1 */

struct arc_set {
	const struct header_field *found; /* ARC-Authentication-Results */
	const struct header_field *message_field, *seal_field;
	struct span results;   /* what follows i=…; */
	struct signature seal; /* ARC-Seal */
};
struct arc {
	struct arc_set sets[ARC_MAX]; /* that of i=1 is the first */
	size_t count;
	struct signature message; /* ARC-Message-Signature of the last set */
	enum result result;       /* none, pass or fail */
	const char *reason;       /* why it is fail */
	bool later;               /* only for lack of a key now */
};

/* As dkim_read() and dkim_verify(). */
void arc_read(struct arc *a, const struct fields *f, int64_t now,
    struct body bodies[2], struct resolver *r);
void arc_free(struct arc *a);
void arc_verify(struct arc *a, struct fields *f, const struct body bodies[2],
    struct resolver *r);

/* A valid chain says that the message had dmarc=pass when it came to one of the
 * last sealers, and is_trusted() is true for all from that one on. The seal
 * that says so; NULL: it doesn't. */
const struct signature *arc_vouches(const struct arc *a,
    bool (*is_trusted)(void *arg, struct span domain), void *arg);

#endif
