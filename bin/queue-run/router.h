/* Where a recipient goes: to a worker of this host, to a destination, or
 * nowhere. */
#ifndef ROUTER_H
#define ROUTER_H

#include "message.h"
#include "net/route.h"
#include "net/tls_policy.h"
#include "users/users.h"

struct router {
	struct users users;
	struct routes *routes;
	struct tls_policy *policy;
	struct destinations *destinations;
	struct str text; /* scratch */
};

enum route_found { ROUTE_LOCAL, ROUTE_REMOTE, ROUTE_NONE };

void router_open(struct router *t, int etc, struct destinations *d);
/* Re-read replaced files; true: destinations found before are invalid. */
bool router_refresh(struct router *t);
/* Where recipient i goes. ROUTE_REMOTE: *d_r is the destination, with a new
 * reference. ROUTE_NONE: *r is the result. */
enum route_found router_find(struct router *t, struct message *m, size_t i,
    struct destination **d_r, struct result *r);
/* Recipient i is at an address literal of this machine: the address in the
 * domain that answers for it; good until the next call. Empty: the database
 * can't be read. */
struct span router_self(struct router *t, const struct message *m, size_t i);
/* The domain of recipient i in its ASCII form; good until the next call. */
struct span router_domain(struct router *t, const struct message *m, size_t i);

/* demand.c */
/* The message's TLS demand: reads the header. text is scratch. */
enum demand demand_find(const struct message *m, struct str *text);
/* The key of the destination; in the arena, or the route's own. */
struct span demand_key(const struct tls_policy *policy, struct arena *a,
    const struct route *route, struct span domain, enum demand demand);

#endif
