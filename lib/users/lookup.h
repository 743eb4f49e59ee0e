/* Shared by the files of lib/users only. */
#ifndef USERS_LOOKUP_H
#define USERS_LOOKUP_H

#include "users/users.h"

enum domain_kind {
	DOMAIN_OURS,
	DOMAIN_ALIAS, /* an alias of a domain of ours */
	DOMAIN_SELF,  /* this machine: no domain, its address, or its name
		      * unless that is a domain of `users` */
	DOMAIN_FOREIGN,
	DOMAIN_ERROR,
};
/* name_r: the domain as in keys; of an alias, the domain it stands for. */
enum domain_kind users_domain_kind(
    struct users *u, struct span domain, struct str *name_r);
/* Replace an alias by the domain it stands for. */
bool users_domain_alias(struct users *u, struct str *name);

#endif
