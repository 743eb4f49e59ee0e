/* Password hashes in the formats of other servers: bare hashes of crypt(5) and
 * Argon2, and Dovecot's "{SCHEME}hash", with a suffix for the encoding:
 * {SSHA256.HEX}, {SHA512-CRYPT.B64}. */
#ifndef USERS_PASSWORD_SCHEME_H
#define USERS_PASSWORD_SCHEME_H

#include "base/str.h"

enum scheme_result {
	SCHEME_HASH,  /* kept_r is for password_check() */
	SCHEME_SCRAM, /* kept_r is a value for scram=, not yet checked */
	SCHEME_WRONG, /* why_r has the reason and the remedy */
};

/* Convert a value of password= to its canonical form; kept_r is replaced, and
 * empty when it is WRONG. A leading '!' stays. */
enum scheme_result scheme_read(
    struct span value, struct str *kept_r, const char **why_r);

#endif
