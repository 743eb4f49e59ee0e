/* The syntax of an SPF record (RFC 7208 4.5, 4.6, 5, 6, 12). */
#ifndef TRUST_SPF_RECORD_H
#define TRUST_SPF_RECORD_H

#include "trust/spf.h"

enum spf_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT,
	SPF_OTHER /* exp= and modifiers that are not known */
};
struct spf_term {
	enum spf_kind kind;
	enum result result;         /* of its qualifier */
	struct span text;           /* as written */
	struct span domain;         /* domain-spec, or empty */
	struct spf_address network; /* ip4, ip6 */
	unsigned bits4, bits6;      /* of the network */
};
struct spf_record {
	struct spf_term *terms; /* mechanisms in their order */
	size_t count;
	struct span redirect; /* domain-spec, or empty */
};

/* The text is of an SPF record: "v=spf1" and a space or the end. */
bool spf_is_record(struct span text);
/* Read it; false: a term is malformed, *wrong_r is that one. */
bool spf_record_parse(struct span text, struct arena *a, struct spf_record *r_r,
    struct span *wrong_r);

/* One piece of a macro string (RFC 7208 7.1). */
struct spf_piece {
	struct span literal; /* empty: a macro */
	char letter;         /* as written */
	unsigned digits;     /* how many parts from the right; 0: all */
	bool reverse;
	struct span delimiters;
};
/* Take the next piece; false at the end or where it is malformed (then rest is
 * not empty). */
bool spf_piece_next(struct span *rest, struct spf_piece *p_r);
/* May be an argument: valid pieces, with an end as domain-spec has it. */
bool spf_is_domain_spec(struct span text);

#endif
