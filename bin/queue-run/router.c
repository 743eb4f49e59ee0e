#include "router.h"

#include "base/die.h"
#include "mail/domain.h"
#include "os/conf.h"

enum { NO_HOST = 68 /* EX_NOHOST */ };

static const struct result no_database = { .verdict = TEMP,
	.status = { "4.3.0", 5 },
	.text = { "the user database can't be read", 31 },
	.host = { "", 0 } };
static const struct result no_domain = { .verdict = NO_HOST,
	.status = { "5.1.2", 5 },
	.text = { "the domain is not a valid name", 30 },
	.host = { "", 0 } };

void
router_open(struct router *t, int etc, struct destinations *d)
{
	*t = (struct router){ .destinations = d, .text = STR_INIT };
	users_open(&t->users, etc);
	t->routes = routes_open(etc, conf_complain, (void *)"routes");
	t->policy = tls_policy_open(etc, NULL, NULL); /* send complains */
}

bool
router_refresh(struct router *t)
{
	bool routes = routes_refresh(t->routes);
	bool policy = tls_policy_refresh(t->policy);

	users_refresh(&t->users);
	return routes || policy;
}

/* False: the domain is none. */
static bool
route_destination(
    struct router *t, struct message *m, size_t i, struct destination **d_r)
{
	struct arena *a = &m->envelope.text;
	struct route route;

	if (m->demand == DEMAND_UNKNOWN)
		m->demand = demand_find(m, &t->text);
	str_clear(&t->text);
	if (!domain_fold_any(recipient_domain(m, i), &t->text))
		return false;
	route_find(t->routes, str_span(&t->text), a, &route);
	*d_r = destination_get(t->destinations,
	    demand_key(t->policy, a, &route, str_span(&t->text), m->demand));
	return true;
}

enum route_found
router_find(struct router *t, struct message *m, size_t i,
    struct destination **d_r, struct result *r)
{
	switch (users_domain(&t->users, recipient_domain(m, i))) {
	case 1:
		return ROUTE_LOCAL;
	case 0:
		if (route_destination(t, m, i, d_r))
			return ROUTE_REMOTE;
		*r = no_domain;
		return ROUTE_NONE;
	}
	*r = no_database;
	return ROUTE_NONE;
}

/* 127.0.0.1 is this machine for whoever can't see its addresses. */
struct span
router_self(struct router *t, const struct message *m, size_t i)
{
	struct span address = m->envelope.recipients[i].address,
		    domain = recipient_domain(m, i);
	struct str self = STR_INIT;
	struct user u;

	str_clear(&t->text);
	str_add(&self, span_head(address, address.len - domain.len));
	str_add(&self, SPAN("[127.0.0.1]"));
	user_init(&u);
	if (users_lookup(&t->users, str_span(&self), &u) != USER_ERROR)
		user_rename(&u, str_span(&self), &t->text);
	user_free(&u);
	str_free(&self);
	return str_span(&t->text);
}

struct span
router_domain(struct router *t, const struct message *m, size_t i)
{
	str_clear(&t->text);
	domain_fold_any(recipient_domain(m, i), &t->text);
	return str_span(&t->text);
}
