/* Passwords: secrets.cdb, readable by authd alone; compiled together with
 * users.cdb. Call users_account() first to get the account's name. */
#ifndef USERS_SECRETS_H
#define USERS_SECRETS_H

#include "users/database.h"

struct secret {
	struct str password; /* crypt(3) hash, or empty */
	struct str scram;    /* ITERATIONS,SALT,STOREDKEY,SERVERKEY, or empty */
	struct str cert;     /* subject of the client certificate, or empty */
	struct str login;    /* the login's word, see logins.h; empty in a
			      * database of an older version */
	bool checkpassword;  /* another program checks the password */
};

void secrets_open(struct database *d, int etc);
/* FOUND, ABSENT (no such account: answer as for a wrong password) or ERROR.
 * The strings are replaced. */
enum database_result secrets_lookup(
    struct database *d, struct span account, struct secret *s);
void secret_init(struct secret *s);
void secret_free(struct secret *s);

#endif
