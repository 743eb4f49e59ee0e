/* Passwords that guessers try first. */
#ifndef USERS_PASSWORD_WEAK_H
#define USERS_PASSWORD_WEAK_H

#include "base/span.h"

/* Why this password of this address is weak, as the end of "the password ...";
 * NULL: no weakness found, which is no proof of strength. */
const char *password_weakness(struct span password, struct span address);

#endif
