/* Role names that every domain and machine has (RFC 5321 4.5.1, RFC 2142), to
 * which people and programs send mail for the administrator. Without an entry
 * of its own, mail for such an address goes to the first of these that exists:
 *	postmaster of its domain
 *	the same name at this host
 *	postmaster of this host, as configured by setup(8)
 *	the first mailbox of `users` */
#ifndef USERS_ROLE_H
#define USERS_ROLE_H

#include "base/span.h"

/* For people: "root, postmaster, ...". */
#define ROLES_TEXT                                                             \
	"root, postmaster, abuse, hostmaster, webmaster and mailer-daemon"

/* local: without quotes and extension, in lower case. */
bool role_is(struct span local);

#endif
