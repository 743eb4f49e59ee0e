/* How mail goes out. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "net/dns.h"
#include "net/route_auth.h"
#include "net/route_parse.h"
#include "net/sts.h"
#include "net/tls_policy.h"
#include "parts.h"
#include "trust/rules.h"

/* A route that logs in has a password for each of its hosts. */
static void
password_check(struct check *c, const struct route_auth *auths,
    const struct route *r, unsigned line)
{
	struct span password;

	for (size_t i = 0; r->user.len > 0 && i < r->count; i++)
		if (!route_auth_find(
			auths, r->targets[i].name, r->user, &password))
			finding_addf(&c->found, MISTAKE, "routes", line,
			    "%s has no password at %s; add the line \"%s %s "
			    "PASSWORD\" to routes.auth",
			    r->user.at, r->targets[i].name.at,
			    r->targets[i].name.at, r->user.at);
}

static void
passwords_check(struct check *c, const char *name)
{
	struct route_auth *auths = route_auth_open(c->etc, NULL, NULL);
	struct arena a = ARENA_INIT;
	struct str wrong = STR_INIT;
	struct route_line parsed;
	struct conf_list l;
	struct span line;

	conf_list_open(&l, c->etc, name);
	while (conf_next(&l, &line))
		if (route_parse(line, &a, &parsed, &wrong))
			password_check(c, auths, &parsed.route, l.line);
	conf_list_close(&l);
	str_free(&wrong);
	arena_free(&a);
	route_auth_close(auths);
}

void
check_routes(struct check *c, const char *name)
{
	struct source s = { c, name };

	routes_close(routes_open(c->etc, complain, &s));
	/* Unreadable passwords are reported once, for their file. */
	if (faccessat(c->etc, "routes.auth", R_OK, AT_EACCESS) == 0 ||
	    errno == ENOENT)
		passwords_check(c, name);
}

void
check_routes_auth(struct check *c, const char *name)
{
	struct source s = { c, name };

	route_auth_close(route_auth_open(c->etc, complain, &s));
}

void
check_tls_policy(struct check *c, const char *name)
{
	struct source s = { c, name };

	tls_policy_close(tls_policy_open(c->etc, complain, &s));
}

void
check_dns(struct check *c, const char *name)
{
	struct source s = { c, name };

	dns_close(dns_open(c->etc, complain, &s));
}

void
check_hosts(struct check *c, const char *name)
{
	struct source s = { c, name };

	dns_hosts_check(c->etc, complain, &s);
}

void
check_verify(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct rules r = { .count = 0 };

	rules_read_checks(c->etc, &r, complain, &s);
	rules_free(&r);
}

void
check_forwarders(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct rules r = { .count = 0 };

	rules_read_forwarders(c->etc, &r, complain, &s);
	rules_free(&r);
}

/* mta-sts.DOMAIN.txt, as others would read it. */
void
check_sts(struct check *c, const char *name)
{
	struct arena a = ARENA_INIT;
	struct sts_policy p;
	struct str text = STR_INIT;
	const char *wrong;

	if (text_read(c, name, &text)) {
		wrong = sts_policy_parse(str_span(&text), &a, &p);
		if (wrong != NULL)
			finding_addf(&c->found, MISTAKE, name, 0,
			    "no policy of MTA-STS: %s; see RFC 8461 3.2",
			    wrong);
		else if (c->me_good && p.mode != STS_NONE &&
		    !sts_matches(&p, str_span(&c->me)))
			finding_addf(&c->found, MISTAKE, name, 0,
			    "no mx of the policy is this host; add the line "
			    "\"mx: %s\"",
			    c->me.at);
	}
	str_free(&text);
	arena_free(&a);
}
