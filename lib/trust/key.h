/* A public key in the DNS (RFC 6376 3.6.1, RFC 8301 3, RFC 8463 4), and what is
 * signed with it. */
#ifndef TRUST_KEY_H
#define TRUST_KEY_H

#include "base/str.h"

/* RFC 8301 3.2: at least 1024 bits; up to 4096 must do. A signature with a key
 * of KEY_BITS_MAX takes about a millisecond. */
enum { KEY_BITS_MIN = 1024, KEY_BITS_MAX = 8192 };
enum { KEY_DIGEST = 32 }; /* bytes of SHA-256 */
/* Of a modulus that is not used any more: its size can still be told. */
enum { KEY_BYTES_MAX = 4096, KEY_ED25519 = 32, KEY_EXPONENT_MAX = 4 };

enum key_kind { KEY_RSA, KEY_EDDSA };

struct key {
	enum key_kind kind;
	unsigned bits;        /* of the modulus; 256 for Ed25519 */
	struct span modulus;  /* RSA: big-endian, without leading zeros */
	struct span exponent; /* likewise */
	struct str bytes;     /* what they are in, or Ed25519's key */
	bool strict;          /* t=s: i= must not be a subdomain */
	bool test;            /* t=y */
};

enum key_found {
	KEY_GOOD,
	KEY_REVOKED, /* p= is empty */
	KEY_BROKEN,  /* malformed, or for another use or algorithm */
	KEY_WEAK,    /* RSA with fewer than KEY_BITS_MIN bits */
	KEY_HUGE     /* RSA with more than KEY_BITS_MAX bits, or an exponent of
		      * more than KEY_EXPONENT_MAX bytes */
};

void key_init(struct key *k);
void key_free(struct key *k);
/* Read a record for this algorithm; *k replaces what it was. With KEY_WEAK and
 * KEY_HUGE its bits are known. */
enum key_found key_parse(struct span record, enum key_kind kind, struct key *k);
/* The signature of this SHA-256 digest is valid. k must be KEY_GOOD. */
bool key_verify(const struct key *k, const unsigned char digest[KEY_DIGEST],
    struct span signature);

#endif
