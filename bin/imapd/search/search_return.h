/* What a search returns: RETURN (...) (RFC 4466 2.6, 4731, 5182, 5267, 9394). */
#ifndef IMAPD_SEARCH_RETURN_H
#define IMAPD_SEARCH_RETURN_H

#include "session.h"

enum {
	RETURN_MIN = 1,
	RETURN_MAX = 2,
	RETURN_ALL = 4,
	RETURN_COUNT = 8,
	RETURN_PARTIAL = 16,
	RETURN_SAVE = 32,
	RETURN_UPDATE = 64,
	RETURN_CONTEXT = 128, /* a hint, ignored */
	RETURN_GIVEN = 256,   /* reply with ESEARCH */
};

/* Positions from low to high, from 1; from_last: counted from the last. */
struct partial {
	bool from_last;
	uint32_t low, high;
};

struct returns {
	unsigned what; /* RETURN_… */
	struct partial partial;
};

/* Take "RETURN (...) " if it is present. */
bool returns_take(struct session *s, struct returns *r_r);
/* The messages at these positions among count: from *from_r (counted from 0) up to
 * *to_r, excluded. */
void partial_apply(
    const struct partial *p, size_t count, size_t *from_r, size_t *to_r);
/* Take "1:500" or "-1:-100" (RFC 9394 4). */
bool partial_take(struct parser *p, struct partial *p_r);
/* Append it. */
void partial_add(struct str *out, const struct partial *p);

#endif
