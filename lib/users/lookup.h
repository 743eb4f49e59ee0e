/* What the files of lib/users share; not for others. */
#ifndef USERS_LOOKUP_H
#define USERS_LOOKUP_H

#include "users/users.h"

enum domain_kind {
	DOMAIN_OURS,
	DOMAIN_SELF, /* this machine: no domain, its address, or its name where
		      * that is no domain of `users` */
	DOMAIN_FOREIGN,
	DOMAIN_ERROR,
};
/* name_r: the domain as it stands in the keys. */
enum domain_kind users_domain_kind(
    struct users *u, struct span domain, struct str *name_r);

#endif
