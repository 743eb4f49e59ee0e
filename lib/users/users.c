#include "users/users.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sys/socket.h>

#include "base/record.h"
#include "mail/address.h"
#include "mail/idna.h"
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

/* The file may have it in Unicode, unlike DNS and our protocols. */
static void
me_read(struct users *u, int etc)
{
	struct str ascii = STR_INIT;

	conf_me(etc, &u->me);
	if (!span_is_ascii(str_span(&u->me)) &&
	    idna_ascii(str_span(&u->me), &ascii))
		str_set(&u->me, str_span(&ascii));
	str_free(&ascii);
}

void
users_open(struct users *u, int etc)
{
	*u = (struct users){ .me = STR_INIT, .literals = STR_INIT };
	database_init(&u->database, etc, "users.cdb", "chainmail-users 1");
	me_read(u, etc);
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
 * the address that the client of this session connected to. An IPv4 address
 * inside IPv6 (RFC 4291 2.5.5.2) is that address. */
static bool
literal_is_ours(struct users *u, struct span domain)
{
	struct str text = STR_INIT;
	struct span list = str_span(&u->literals), line, ip;
	bool ours = false;

	if (domain_literal_ip(domain, &text)) {
		ip = str_span(&text);
		if (span_find(ip, '.') < ip.len)
			span_take_text(&ip, SPAN("::ffff:"));
		ours = span_starts(ip, SPAN("127.")) ||
		    span_equal(ip, SPAN("::1")) ||
		    span_equal(ip, span_text(fact("TCPLOCALIP")));
		while (!ours && span_line(&list, &line))
			ours = span_equal(line, ip);
	}
	str_free(&text);
	return ours;
}

bool
users_domain_alias(struct users *u, struct str *name)
{
	struct span record;

	return database_get(&u->database, str_span(name), &record) ==
	    DATABASE_FOUND &&
	    record_is(record, "alias") && record_get(record, "to", name);
}

enum domain_kind
users_domain_kind(struct users *u, struct span domain, struct str *name_r)
{
	struct span record;
	enum database_result found;

	if (domain.len > 1 && domain.at[domain.len - 1] == '.')
		domain.len--;
	str_clear(name_r);
	/* The keys are in the ASCII form (RFC 5890). */
	if (span_is_ascii(domain) || !idna_ascii(domain, name_r))
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
	if (found == DATABASE_FOUND && record_is(record, "alias"))
		return users_domain_alias(u, name_r) ? DOMAIN_ALIAS
						     : DOMAIN_ERROR;
	/* This host's name without configuration: replies to mail that its
	 * programs send as root@me must be deliverable. */
	if ((found == DATABASE_FOUND && record_is(record, "self")) ||
	    (found == DATABASE_ABSENT &&
		span_equal(str_span(name_r), str_span(&u->me))))
		return DOMAIN_SELF;
	return found == DATABASE_ABSENT || !record_is(record, "domain")
	    ? DOMAIN_FOREIGN
	    : DOMAIN_OURS;
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
