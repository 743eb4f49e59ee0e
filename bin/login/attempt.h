/* One attempt to authenticate. */
#ifndef LOGIN_ATTEMPT_H
#define LOGIN_ATTEMPT_H

#include "front.h"
#include "net/auth.h"

/* name is for the log; tag is IMAP's; initial.at is NULL when there is none. */
struct attempt {
	struct span mechanism, tag, name, initial;
};
/* One SASL dialogue; AUTH_OK does not return. */
enum auth_code attempt_run(struct front *f, const struct attempt *a);
/* The same with a name and a password as PLAIN. */
enum auth_code attempt_password(
    struct front *f, struct span tag, struct span name, struct span password);
/* Refuse a login without TLS, where others could see the password: only its
 * name is taken, for the log. */
enum auth_code attempt_in_clear(
    struct front *f, const char *mechanism, struct span name);
/* The name in an initial response of PLAIN or SCRAM, for the log. */
void attempt_name(const struct attempt *a, struct str *name_r);
/* The mechanisms that may be offered now, each after prefix. */
void attempt_mechanisms(
    const struct front *f, struct str *out, const char *prefix);

#endif
