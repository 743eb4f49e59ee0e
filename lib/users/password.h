/* Passwords as stored in secrets.cdb. Hashing is slow on purpose (yescrypt: 20
 * ms and 16 MiB). */
#ifndef USERS_PASSWORD_H
#define USERS_PASSWORD_H

#include "base/str.h"

enum {
	PASSWORD_MAX = 512,      /* crypt(3) takes fewer bytes */
	SCRAM_ITERATIONS = 4096, /* RFC 7677 4: at least this */
};

/* A password that can be stored: 1 to under PASSWORD_MAX bytes of UTF-8 without
 * control characters (RFC 4013 2.3 prohibits them). */
bool password_acceptable(struct span password);

/* Append the crypt(5) hash: yescrypt with the default cost and a fresh salt.
 * -1 and errno when the password is not acceptable. */
int password_hash(struct span password, struct str *hash_r);
/* The password matches the hash, compared in constant time. */
bool password_check(struct span password, const char *hash);
/* password_check() accepts hashes of this kind: $y$, $gy$, $7$, $2a$, $2b$,
 * $2y$, $6$, $5$, $1$ of crypt(3), and those of password_salted.h. A '!' may
 * stand before it: the account is disabled, and password_check() fails. */
bool password_hash_known(struct span hash);
/* A fast hash, whose comparison costs next to nothing. */
bool password_hash_fast(struct span hash);
/* A hash that needs so much memory that only a few may be checked at once. */
bool password_hash_large(struct span hash);

/* Append the SCRAM-SHA-256 keys: ITERATIONS,SALT,STOREDKEY,SERVERKEY, the last
 * three in base64, with a fresh salt. -1 and errno when the password is not
 * acceptable or iterations is under SCRAM_ITERATIONS. */
int password_scram(
    struct span password, unsigned iterations, struct str *record_r);

#endif
