/* Passwords as secrets.cdb keeps them. Hashing is slow on purpose (yescrypt:
 * 20 ms and 16 MiB). */
#ifndef USERS_PASSWORD_H
#define USERS_PASSWORD_H

#include "base/str.h"

enum {
	PASSWORD_MAX = 512,      /* crypt(3) takes fewer bytes than this */
	SCRAM_ITERATIONS = 4096, /* RFC 7677 4: at least this */
};

/* A password that can be kept: 1 to under PASSWORD_MAX bytes of UTF-8 without
 * control characters (RFC 4013 2.3 prohibits them). */
bool password_acceptable(struct span password);

/* Append the crypt(5) hash: yescrypt with the default cost and a fresh salt.
 * -1 and errno when the password is not acceptable. */
int password_hash(struct span password, struct str *hash_r);
/* The password fits the hash, compared in constant time. */
bool password_check(struct span password, const char *hash);
/* password_check() takes hashes of this kind: $y$, $gy$, $7$, $2a$, $2b$,
 * $2y$, $6$, $5$; nothing weaker. A '!' may stand before it: the account is
 * disabled, and password_check() fails. */
bool password_hash_known(struct span hash);

/* Append the SCRAM-SHA-256 keys: ITERATIONS,SALT,STOREDKEY,SERVERKEY, the last
 * three in base64, with a fresh salt. -1 and errno when the password is not
 * acceptable or iterations is under SCRAM_ITERATIONS. */
int password_scram(
    struct span password, unsigned iterations, struct str *record_r);

#endif
