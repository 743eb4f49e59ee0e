/* From the text of `users` to users.cdb and secrets.cdb. */
#ifndef USERS_COMPILE_H
#define USERS_COMPILE_H

#include "base/str.h"

/* How faults are reported: all of them, in the order of the lines. */
struct compile {
	void (*fault)(void *arg, unsigned line, struct span text);
	void *arg;
	bool piped;      /* the text came by a pipe: recorded in users.cdb */
	unsigned faults; /* out */
	unsigned mailboxes, domains, aliases; /* out */
};

/* Check the text against itself and this host's name (me). With etc >= 0 and no
 * fault, write both databases there, each replaced as a whole, durably. 0:
 * done; 1: faults, the databases are unchanged; -1: errno. */
int users_compile(struct compile *c, struct span text, struct span me, int etc);

#endif
