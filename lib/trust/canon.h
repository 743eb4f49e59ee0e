/* Canonical forms of a message's header and body (RFC 6376 3.4), as they are
 * hashed. What is given may have lines that end in LF or CRLF; the canonical
 * form has CRLF. */
#ifndef TRUST_CANON_H
#define TRUST_CANON_H

#include <nettle/sha2.h>

#include "base/str.h"

enum canon { CANON_SIMPLE, CANON_RELAXED };

/* Append a field, with its CRLF. whole is as in struct header_field. */
void canon_field(enum canon c, struct span whole, struct str *out);
/* The same of a signature's own field: the value of its tag b= is empty, and
 * there is no CRLF at the end (RFC 6376 3.7). */
void canon_signature(enum canon c, struct span whole, struct str *out);

/* The digest of a canonical body, or of its first bytes only. All lengths that
 * are asked for are of one pass over the body, which comes in pieces. */
enum { BODY_LENGTHS_MAX = 32 };
struct body_length {
	uint64_t len; /* UINT64_MAX: all of it */
	unsigned char digest[SHA256_DIGEST_SIZE];
};
struct body {
	enum canon canon;
	struct sha256_ctx sha;
	uint64_t size;        /* canonical bytes so far */
	uint64_t empty_lines; /* not known yet to be followed by others */
	bool blank;           /* relaxed: white space before the next byte */
	bool cr;              /* a CR before the next byte */
	bool line;            /* the present line has something */
	struct body_length lengths[BODY_LENGTHS_MAX];
	size_t count;
	size_t done; /* the first ones, in the order of their length */
};
void body_init(struct body *b, enum canon c);
/* Before the first byte: ask for a digest. False: there are too many. */
bool body_want(struct body *b, uint64_t len);
void body_add(struct body *b, struct span bytes);
/* After the last byte. */
void body_end(struct body *b);
/* After body_end(): the digest of this length, which was asked for. */
const unsigned char *body_digest(const struct body *b, uint64_t len);

#endif
