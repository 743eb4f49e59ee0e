/* Hashes beyond crypt(3): salted digests of LDAP servers and Dovecot,
 * "{SSHA256}base64 of digest and salt", and Argon2. */
#ifndef USERS_PASSWORD_SALTED_H
#define USERS_PASSWORD_SALTED_H

#include "base/str.h"

/* A digest of SHA-1, SHA-256 or SHA-512 and a salt of 1 to 64 bytes. */
bool salted_known(struct span hash);
bool salted_check(struct span password, struct span hash);

/* Argon2i or Argon2id, version 19, with parameters within authd's limits: at
 * most 256 MiB of memory, and 1 GiB in all passes over it. */
bool argon2_known(struct span hash);
bool argon2_check(struct span password, const char *hash);

#endif
