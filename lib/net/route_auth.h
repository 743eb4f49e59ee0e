/* Passwords for routes with user=: the file `routes.auth`, see
 * chainmail-routes(5). Lines of "HOST USER PASSWORD"; HOST is the target's name
 * as in the route, or "*". Read before the sandbox, by `send` alone. */
#ifndef NET_ROUTE_AUTH_H
#define NET_ROUTE_AUTH_H

#include "base/span.h"

struct route_auth;
/* Never NULL; without the file there is no password. A file that others may
 * read is not used at all. Mistakes as in routes_open(), line 0 for the whole
 * file; the text never holds a password. */
struct route_auth *route_auth_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
/* Overwrites the passwords. */
void route_auth_close(struct route_auth *r);
/* The password of this user at this host: the host's own line, else one of "*".
 * False: there is none. The span lives as long as r. */
bool route_auth_find(const struct route_auth *r, struct span host,
    struct span user, struct span *password_r);

#endif
