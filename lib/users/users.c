#include "users/users.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sys/socket.h>

#include "base/record.h"
#include "mail/address.h"
#include "os/conf.h"
#include "os/sock.h"
#include "users/lookup.h"

static void
literals_read(struct str *literals)
{
	struct ifaddrs *all;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		const struct sockaddr *a = i->ifa_addr;
		const void *ip = NULL;

		if (a != NULL && a->sa_family == AF_INET)
			ip = &((const struct sockaddr_in *)(const void *)a)
				  ->sin_addr;
		if (a != NULL && a->sa_family == AF_INET6)
			ip = &((const struct sockaddr_in6 *)(const void *)a)
				  ->sin6_addr;
		if (ip == NULL ||
		    inet_ntop(a->sa_family, ip, text, sizeof text) == NULL)
			continue;
		str_add_text(literals, text);
		str_add_byte(literals, '\n');
	}
	freeifaddrs(all);
}

void
users_open(struct users *u, int etc)
{
	*u = (struct users){ .me = STR_INIT, .literals = STR_INIT };
	database_init(&u->database, etc, "users.cdb", "chainmail-users 1");
	conf_me(etc, &u->me);
	literals_read(&u->literals);
	users_refresh(u);
}

void
users_close(struct users *u)
{
	database_close(&u->database);
	str_free(&u->me);
	str_free(&u->literals);
}

void
users_refresh(struct users *u)
{
	database_refresh(&u->database);
}

/* A literal of this machine: an interface's address, one of 127.0.0.0/8, or
 * the address that the client of this session connected to. */
static bool
literal_is_ours(struct users *u, struct span domain)
{
	struct str ip = STR_INIT;
	struct span list = str_span(&u->literals), line;
	bool ours = false;

	if (domain_literal_ip(domain, &ip)) {
		ours = span_starts(str_span(&ip), SPAN("127.")) ||
		    span_equal(str_span(&ip), SPAN("::1")) ||
		    span_equal(str_span(&ip), span_text(fact("TCPLOCALIP")));
		while (!ours && span_line(&list, &line))
			ours = span_equal(line, str_span(&ip));
	}
	str_free(&ip);
	return ours;
}

enum domain_kind
users_domain_kind(struct users *u, struct span domain, struct str *name_r)
{
	struct span record;
	enum database_result found;

	str_set(name_r, domain);
	str_lower(name_r, 0);
	if (u->database.state == DATABASE_ERROR)
		return DOMAIN_ERROR;
	if (domain.len == 0)
		return DOMAIN_SELF;
	if (domain_is_literal(domain))
		return literal_is_ours(u, domain) ? DOMAIN_SELF
						  : DOMAIN_FOREIGN;
	found = database_get(&u->database, str_span(name_r), &record);
	if (found == DATABASE_ERROR)
		return DOMAIN_ERROR;
	/* This host's name where nothing was set up for it: what its programs
	 * send in the name of root@me must find its way back. */
	if ((found == DATABASE_FOUND && record_is(record, "self")) ||
	    (found == DATABASE_ABSENT &&
		span_equal(str_span(name_r), str_span(&u->me))))
		return DOMAIN_SELF;
	if (found == DATABASE_ABSENT || !record_is(record, "domain"))
		return DOMAIN_FOREIGN;
	/* The Unicode form of a domain points to its ASCII form (RFC 5890). */
	if (!span_is_ascii(domain) && !record_get(record, "ascii", name_r))
		return DOMAIN_ERROR;
	return DOMAIN_OURS;
}

int
users_domain(struct users *u, struct span domain)
{
	struct str name = STR_INIT;
	enum domain_kind kind = users_domain_kind(u, domain, &name);

	str_free(&name);
	return kind == DOMAIN_ERROR ? -1 : kind != DOMAIN_FOREIGN;
}

void
users_places(struct users *u, struct str *places_r)
{
	struct str value = STR_INIT;
	struct span header, key;

	str_clear(places_r);
	if (database_get(&u->database, SPAN(""), &header) == DATABASE_FOUND)
		while (record_next(&header, &key, &value))
			if (span_equal(key, SPAN("place"))) {
				str_add(places_r, str_span(&value));
				str_add_byte(places_r, '\n');
			}
	str_free(&value);
}

bool
users_have(struct users *u, const char *what)
{
	struct span header;
	uint64_t n;

	return database_get(&u->database, SPAN(""), &header) ==
	    DATABASE_FOUND &&
	    record_get_number(header, what, UINT64_MAX, &n) && n > 0;
}
