/* Is a session's login still valid? Not if its account was deleted or has
 * another password, certificate, home or uid (users/logins.h). If that can't be
 * determined, it is. */
#ifndef USERS_GRANT_H
#define USERS_GRANT_H

#include <sys/stat.h>

#include "base/str.h"
#include "os/sandbox.h"

enum { GRANT_MS = 4000 }; /* how often a session checks */

struct grant {
	int folder; /* CHAINMAIL_ETC/logins; -1: there is none */
	struct str account;
	struct str login; /* from authd; empty: nothing to check */
	ino_t inode;      /* of the file last checked */
	struct timespec changed;
	bool over;
};

/* Call it before the sandbox, which needs grant_path(); etc: conf_open(). An
 * empty login is always valid. */
void grant_open(
    struct grant *g, int etc, struct span account, struct span login);
/* Afterwards it is always valid. */
void grant_close(struct grant *g);
/* One stat(2), and a lookup when the file was replaced. Once false, always
 * false. arg is the grant, as for an io's pulse. */
bool grant_holds(void *arg);
/* The path that the sandbox must let a session read; the string is in
 * path_r. */
struct sandbox_path grant_path(struct str *path_r);

#endif
