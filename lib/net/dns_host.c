/* The addresses of a host. */
#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "mail/address.h"
#include "net/dns_inside.h"

enum { ADDRESSES_MAX = 32 };

/* Addresses of both families, in order received. */
struct found {
	struct in6_addr v6[ADDRESSES_MAX];
	struct in_addr v4[ADDRESSES_MAX];
	size_t v6_count, v4_count;
};

static void
add_v6(struct found *f, const struct in6_addr *v6)
{
	/* RFC 4291 2.5.5.2: not valid on the wire. */
	if (f->v6_count < ADDRESSES_MAX && !IN6_IS_ADDR_V4MAPPED(v6))
		f->v6[f->v6_count++] = *v6;
}

static void
add_v4(struct found *f, struct in_addr v4)
{
	if (f->v4_count < ADDRESSES_MAX)
		f->v4[f->v4_count++] = v4;
}

static void
address_v6(struct dns_address *a, const struct in6_addr *v6)
{
	struct sockaddr_in6 *at = (struct sockaddr_in6 *)&a->at;

	at->sin6_family = AF_INET6;
	at->sin6_addr = *v6;
	inet_ntop(AF_INET6, v6, a->text, sizeof a->text);
}

static void
address_v4(struct dns_address *a, struct in_addr v4)
{
	struct sockaddr_in *at = (struct sockaddr_in *)&a->at;

	at->sin_family = AF_INET;
	at->sin_addr = v4;
	inet_ntop(AF_INET, &v4, a->text, sizeof a->text);
}

/* Alternate families, so that a host with broken IPv6 is reached at its second
 * address (RFC 8305 4). */
static void
found_mix(const struct found *f, struct arena *a, struct dns_host *h)
{
	size_t total = f->v6_count + f->v4_count;

	if (total > ADDRESSES_MAX)
		total = ADDRESSES_MAX;
	h->addresses = arena_new(a, total * sizeof *h->addresses);
	for (size_t i = 0; h->count < total; i++) {
		if (i < f->v6_count)
			address_v6(&h->addresses[h->count++], &f->v6[i]);
		if (i < f->v4_count && h->count < total)
			address_v4(&h->addresses[h->count++], f->v4[i]);
	}
	if (total > 0)
		h->result = DNS_FOUND;
	else if (h->result == DNS_FOUND) /* nothing that can be used */
		h->result = DNS_LATER;
}

/* An address as text, perhaps in brackets as a literal or as routes have it. */
static bool
is_address(struct span name, struct found *f)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr v6;
	struct in_addr v4;

	if (name.len > 2 && name.at[0] == '[' && name.at[name.len - 1] == ']') {
		name = (struct span){ name.at + 1, name.len - 2 };
		span_take_case(&name, SPAN("IPv6:"));
	}
	if (name.len >= sizeof text)
		return false;
	memcpy(text, name.at, name.len);
	if (inet_pton(AF_INET, text, &v4) == 1)
		add_v4(f, v4);
	else if (inet_pton(AF_INET6, text, &v6) == 1)
		add_v6(f, &v6);
	return f->v4_count + f->v6_count > 0;
}

static bool
is_localhost(struct span name, struct found *f)
{
	if (!span_equal(name, SPAN("localhost")) &&
	    !span_ends_case(name, SPAN(".localhost")))
		return false;
	add_v6(f, &(struct in6_addr)IN6ADDR_LOOPBACK_INIT);
	add_v4(f, (struct in_addr){ htonl(INADDR_LOOPBACK) });
	return true;
}

static bool
is_listed(const struct hosts *hosts, struct span name, struct found *f)
{
	size_t count;
	const struct hosts_entry *e = hosts_find(hosts, name, &count);

	for (size_t i = 0; i < count; i++)
		if (e[i].family == AF_INET)
			add_v4(f, e[i].is.v4);
		else
			add_v6(f, &e[i].is.v6);
	return count > 0;
}

bool
dns_is_known(const struct dns *d, struct span name)
{
	struct found f = { .v4_count = 0 };

	return is_localhost(name, &f) || is_listed(d->hosts, name, &f);
}

/* Combine both results: a temporary failure wins, and EMPTY over GONE. */
static enum dns_result
result_join(enum dns_result a, enum dns_result b)
{
	static const enum dns_result order[] = { DNS_FOUND, DNS_LATER, DNS_OFF,
		DNS_EMPTY, DNS_GONE };

	for (size_t i = 0; i < COUNT(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return DNS_LATER;
}

/* A missing answer does not make the other insecure: otherwise an attacker who
 * can suppress answers could disable DANE. */
static bool
secure_join(const struct dns_answer *a, const struct dns_answer *b)
{
	return (a->secure || a->result == DNS_LATER) &&
	    (b->secure || b->result == DNS_LATER) && (a->secure || b->secure);
}

static void
host_ask(struct dns *d, struct span name, struct arena *a, struct found *f,
    struct dns_host *h)
{
	int64_t now = clock_mono_ms();
	struct dns_question six = { name, DNS_AAAA }, four = { name, DNS_A };
	struct dns_answer v6, v4;

	dns_ask_until(d, &six, now + d->patience / 2, a, &v6);
	dns_ask_until(d, &four, now + d->patience, a, &v4);
	for (size_t i = 0; i < v6.count; i++)
		add_v6(f, &v6.records[i].is.aaaa);
	for (size_t i = 0; i < v4.count; i++)
		add_v4(f, v4.records[i].is.a);
	h->result = result_join(v6.result, v4.result);
	h->secure = secure_join(&v6, &v4);
	h->name = v4.result == DNS_FOUND || v6.result == DNS_LATER ? v4.name
								   : v6.name;
}

void
dns_host(
    struct dns *d, struct span name, struct arena *a, struct dns_host *host_r)
{
	struct dns_host *h = host_r;
	struct found f = { .v4_count = 0 };
	struct str lower = STR_INIT;

	*h = (struct dns_host){ .result = DNS_GONE };
	str_set(&lower, name);
	str_lower(&lower, 0);
	if (lower.len > 0 && lower.at[lower.len - 1] == '.')
		str_cut(&lower, lower.len - 1);
	h->name = arena_copy(a, str_span(&lower));
	str_free(&lower);

	if (is_address(h->name, &f))
		;
	else if (is_localhost(h->name, &f) || is_listed(d->hosts, h->name, &f))
		h->known = true;
	else if (d->off)
		h->result = DNS_OFF;
	else if (dns_can_ask(h->name))
		host_ask(d, h->name, a, &f, h);
	found_mix(&f, a, h);
}
