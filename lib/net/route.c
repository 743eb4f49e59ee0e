#include "net/route.h"

#include <stdlib.h>

#include "base/str.h"
#include "mail/address.h"
#include "net/domain_table.h"
#include "net/route_parse.h"

struct routes {
	struct domain_table table;
};

static const void *
line_parse(struct span line, struct arena *a, struct span *domain_r,
    struct str *wrong_r)
{
	struct route_line *parsed = arena_new(a, sizeof *parsed);

	route_parse(line, a, parsed, wrong_r);
	*domain_r = parsed->domain;
	return &parsed->route;
}

static const struct domain_table_kind kind = { "routes", line_parse };

struct routes *
routes_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct routes *r = mem_new(sizeof *r);

	domain_table_open(&r->table, &kind, etc, complain, arg);
	return r;
}

void
routes_close(struct routes *r)
{
	domain_table_close(&r->table);
	free(r);
}

bool
routes_refresh(struct routes *r)
{
	return domain_table_refresh(&r->table);
}

/* RFC 5321 5.1: a literal is its address; a domain goes to its MX hosts. */
static void
route_unlisted(struct span domain, struct arena *a, struct route *route_r)
{
	struct str ip = STR_INIT;
	struct target *t = arena_new(a, sizeof *t);

	*t = (struct target){
		.kind = TARGET_MX, .name = arena_copy(a, domain), .port = 25
	};
	*route_r = (struct route){ .key = t->name, .targets = t, .count = 1 };
	if (domain_is_literal(domain)) {
		t->kind = TARGET_HOST;
		if (domain_literal_ip(domain, &ip))
			t->name = arena_copy(a, str_span(&ip));
	}
	str_free(&ip);
}

void
route_find(struct routes *r, struct span domain, struct arena *a,
    struct route *route_r)
{
	struct str lower = STR_INIT;
	const struct route *found;

	str_set(&lower, domain);
	str_lower(&lower, 0);
	found = domain_is_literal(domain)
	    ? domain_table_own(&r->table, str_span(&lower))
	    : domain_table_find(&r->table, str_span(&lower));
	if (r->table.error != 0)
		*route_r = (struct route){ .key = arena_copy(a, domain),
			.listed = true };
	else if (found != NULL)
		*route_r = *found;
	else
		route_unlisted(domain, a, route_r);
	str_free(&lower);
}
