/* One signature of a message's header and body, as DKIM-Signature (RFC 6376
 * 3.5) and ARC-Message-Signature (RFC 8617 4.1.2) have it. */
#ifndef TRUST_SIGNATURE_H
#define TRUST_SIGNATURE_H

#include "trust/canon.h"
#include "trust/fields.h"
#include "trust/key.h"
#include "trust/resolver.h"
#include "trust/result.h"
#include "trust/tags.h"

enum signature_type { SIGNATURE_DKIM, SIGNATURE_AMS, SIGNATURE_SEAL };
enum { SIGNATURE_NAMES_MAX = 512 }; /* words of h= */

struct signature {
	enum signature_type type;
	const struct header_field *field;
	struct tags tags;
	enum key_kind kind;
	enum canon header, body;
	struct span domain, selector, names; /* d=, s=, h= */
	struct span identity;                /* i=, or empty */
	struct str bytes;                    /* b= decoded */
	struct str hash;                     /* bh= decoded */
	uint64_t length; /* l=; UINT64_MAX: the whole body */
	enum result result;
	const char *reason; /* why it is not RESULT_PASS */
	unsigned bits;      /* of its key; 0: not known */
	bool test;          /* the key is one for tests (t=y) */
};

/* Read a field; *field stays where it is. If the result is no longer
 * RESULT_NONE, it is known already. */
void signature_read(struct signature *s, enum signature_type type,
    const struct header_field *field, int64_t now);
void signature_free(struct signature *s);
/* Append the name of its key's record. */
void signature_key_name(const struct signature *s, struct str *out);
/* Find the key; false: s->result says why there is none. */
bool signature_key(struct signature *s, struct resolver *r, struct key *key_r);
/* The signature of these bytes; sets the result. */
void signature_check(
    struct signature *s, const struct key *k, struct span bytes);
/* Judge the whole: key, body, header. bodies is by enum canon, after
 * body_end(); the signature's length was asked for. */
void signature_verify(struct signature *s, struct fields *f,
    const struct body bodies[2], struct resolver *r);
/* bytes of the body that it leaves unsigned. */
bool signature_leaves_tail(
    const struct signature *s, const struct body bodies[2]);

#endif
