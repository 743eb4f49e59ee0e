/* Annotations, asked for by GETMETADATA and LIST (RFC 5464, RFC 9590). */
#ifndef IMAPD_METADATA_H
#define IMAPD_METADATA_H

#include "session.h"

enum { DEPTH_NONE, DEPTH_ONE, DEPTH_INFINITY };

struct metadata_ask {
	struct span *names;
	size_t count;
	bool has_max;
	uint32_t max_size; /* bytes of a value */
	int depth;         /* DEPTH_…: how many levels below a name */
};

/* Take one name or "(" names ")" and append to those it has. False when
 * malformed, or if one is not a valid name of an annotation. */
bool metadata_names_take(struct parser *p, struct metadata_ask *a);
/* Write the untagged METADATA of a mailbox (len 0: the account). uses: its
 * USE_…, or NULL to look them up. longest_r: the size of the largest value
 * left out, or 0. -1 and errno if the annotations can't be read. */
int metadata_put(struct session *s, struct span mailbox,
    const struct metadata_ask *a, const unsigned *uses, size_t *longest_r);

/* Append the name of an annotation. */
void metadata_name_add(struct str *out, struct span name);

#endif
