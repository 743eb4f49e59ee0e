/* SCRAM-SHA-256 (RFC 5802, RFC 7677): computing the keys. */
#ifndef USERS_SCRAM_H
#define USERS_SCRAM_H

#include "base/str.h"

enum { SCRAM_KEY = 32, SCRAM_SALT = 16, SCRAM_SALT_MAX = 64 };

/* What the server stores for a password. */
struct scram_keys {
	uint32_t iterations;
	size_t salt_len;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored[SCRAM_KEY];
	unsigned char server[SCRAM_KEY];
};

/* Fill in stored and server from the password and the rest of k (RFC 5802 3).
 * The slow part: about 2 ms for 4096 iterations. */
void scram_derive(struct span password, struct scram_keys *k);
/* The text form in secrets.cdb; the parser accepts only this form. */
void scram_write(const struct scram_keys *k, struct str *record);
bool scram_parse(struct span record, struct scram_keys *k_r);
/* The password matches the keys. */
bool scram_check(struct span password, const struct scram_keys *k);

/* HMAC-SHA-256. */
void scram_hmac(
    struct span key, struct span data, unsigned char mac_r[SCRAM_KEY]);
/* The client's proof is right for this AuthMessage (RFC 5802 3). */
bool scram_proof_fits(
    const struct scram_keys *k, struct span auth_message, struct span proof);
/* The client's side: fill in stored and server as scram_derive() does, and
 * ClientProof for this AuthMessage. */
void scram_prove(struct span password, struct scram_keys *k,
    struct span auth_message, unsigned char proof_r[SCRAM_KEY]);
/* ServerSignature. */
void scram_signature(const struct scram_keys *k, struct span auth_message,
    unsigned char signature_r[SCRAM_KEY]);

#endif
