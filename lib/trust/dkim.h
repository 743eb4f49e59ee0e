/* DKIM signatures of a message (RFC 6376, RFC 8301, RFC 8463). */
#ifndef TRUST_DKIM_H
#define TRUST_DKIM_H

#include "trust/signature.h"

/* RFC 6376 6.1 lets a verifier limit how many it tries. Of the others only the
 * number is told. */
enum { DKIM_MAX = 16 };

struct dkim {
	struct signature at[DKIM_MAX];
	size_t count;
	size_t more; /* signatures beyond those */
};

/* Read the header's signatures and say what is wanted of the body and the
 * DNS. */
void dkim_read(struct dkim *d, const struct fields *f, int64_t now,
    struct body bodies[2], struct resolver *r);
void dkim_free(struct dkim *d);
/* After the body. */
void dkim_verify(struct dkim *d, struct fields *f, const struct body bodies[2],
    struct resolver *r);

#endif
