/* The mailbox for root, postmaster and the other roles of users/role.h. */
#ifndef CHAINMAIL_USER_TAKER_H
#define CHAINMAIL_USER_TAKER_H

#include "file.h"

enum taker {
	TAKER_NO,    /* not this address */
	TAKER_NAMED, /* the entry postmaster@me names it, or is it */
	TAKER_FIRST, /* there is no such entry, and it is the first mailbox */
};

/* Is the address (a key) the taker? */
enum taker taker_is(const struct users_file *f, struct span key);
/* On stderr: who it is now, and how to name another. */
void taker_tell(const struct users_file *f);

#endif
