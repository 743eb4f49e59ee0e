#include "net/mx.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/die.h"
#include "net/dns_inside.h"

enum {
	SMTP_PORT = 25,
	DISCARD_PORT = 9, /* nothing is sent to it */
};

static void
hosts_copy(const struct dns_answer *answer, struct arena *a, struct mx *m)
{
	m->hosts = arena_new(a, answer->count * sizeof *m->hosts);
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *r = &answer->records[i];

		if (r->is.mx.host.len == 0 || !r->is.mx.usable)
			continue;
		m->hosts[m->count++] = (struct mx_host){ .name = r->is.mx.host,
			.preference = r->is.mx.preference };
	}
}

/* RFC 5321 5.1: equal preferences in random order. The hosts are shuffled
 * first, and the sort leaves equal ones as they are. */
static void
hosts_order(struct mx *m)
{
	uint32_t random;

	for (size_t i = m->count; i > 1; i--) {
		struct mx_host *last = &m->hosts[i - 1], swap = *last;

		if (getrandom(&random, sizeof random, 0) != sizeof random)
			die(TEMP, "random bytes");
		*last = m->hosts[random % i];
		m->hosts[random % i] = swap;
	}
	for (size_t i = 1; i < m->count; i++) {
		struct mx_host h = m->hosts[i];
		size_t at = i;

		for (; at > 0 && m->hosts[at - 1].preference > h.preference;
		     at--)
			m->hosts[at] = m->hosts[at - 1];
		m->hosts[at] = h;
	}
}

/* Keep each host once, at its best preference. */
static void
hosts_unique(struct mx *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		size_t at = 0;

		while (at < kept &&
		    !span_equal(m->hosts[at].name, m->hosts[i].name))
			at++;
		if (at == kept)
			m->hosts[kept++] = m->hosts[i];
	}
	m->count = kept < MX_HOSTS_MAX ? kept : MX_HOSTS_MAX;
}

/* RFC 5321 5.1: if this host is among them, drop it and all that are not more
 * preferred. */
static void
hosts_before(struct mx *m, size_t self)
{
	uint16_t own = m->hosts[self].preference;

	for (size_t i = 0; i < m->count; i++)
		if (m->hosts[i].preference >= own) {
			m->count = i;
			break;
		}
	if (m->count == 0)
		m->result = MX_LOOP;
}

static void
hosts_without_me(struct mx *m)
{
	for (size_t i = 0; m->port == SMTP_PORT && i < m->count; i++)
		if (span_equal_case(m->hosts[i].name, m->me)) {
			hosts_before(m, i);
			return;
		}
}

/* RFC 5321 5.1: without MX records the domain is the host. */
static void
implicit_set(struct mx *m, struct span domain, struct arena *a)
{
	m->result = MX_FOUND;
	m->implicit = true;
	m->hosts = arena_new(a, sizeof *m->hosts);
	m->hosts[0].name = domain;
	m->count = 1;
}

/* Names that are none are a mistake that may be mended. */
static bool
is_null(const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->records[i].is.mx.usable)
			return true;
	return false;
}

static void
records_use(const struct dns_answer *answer, struct arena *a, struct mx *m)
{
	hosts_copy(answer, a, m);
	/* RFC 7505 3: a single record that names the root. */
	if (m->count > 0)
		m->result = MX_FOUND;
	else
		m->result = is_null(answer) ? MX_NULL : MX_LATER;
	hosts_order(m);
	hosts_unique(m);
}

void
mx_find(struct dns *d, struct span domain, const struct mx_self *self,
    struct arena *a, struct mx *mx_r)
{
	struct mx *m = mx_r;
	struct dns_answer answer = { .result = DNS_EMPTY, .name = domain };
	bool known = dns_is_known(d, domain);

	*m = (struct mx){ .me = self->me, .port = self->port };
	/* RFC 6761 6.3: DNS is not asked for localhost. */
	if (!span_equal(domain, SPAN("localhost")) &&
	    !span_ends_case(domain, SPAN(".localhost")))
		dns_ask(d, domain, DNS_MX, a, &answer);
	m->secure = answer.secure;
	m->name = answer.name;
	switch (answer.result) {
	case DNS_FOUND:
		records_use(&answer, a, m);
		break;
	case DNS_EMPTY:
		implicit_set(m, domain, a);
		break;
	case DNS_GONE:
		if (known)
			implicit_set(m, domain, a);
		else
			m->result = MX_GONE;
		break;
	case DNS_LATER:
		m->result = MX_LATER;
		break;
	case DNS_OFF:
		if (known)
			implicit_set(m, domain, a);
		else
			m->result = MX_OFF;
		break;
	}
	if (m->result == MX_FOUND)
		hosts_without_me(m);
}

/* The source address that the kernel would use; -1: unreachable. */
static int
source_of(const struct sockaddr_storage *to, struct sockaddr_storage *from_r)
{
	socklen_t len = sizeof *from_r;
	int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = -1;

	memset(from_r, 0, sizeof *from_r);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)to, sizeof *to) == 0)
		r = getsockname(fd, (struct sockaddr *)from_r, &len);
	if (fd >= 0)
		close(fd);
	return r;
}

/* For an address of its own, the kernel uses it as the source too. */
static bool
is_interface(const struct sockaddr_storage *at)
{
	struct sockaddr_storage to = *at, from;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;

	if (at->ss_family == AF_INET) {
		v4->sin_port = htons(DISCARD_PORT);
		return source_of(&to, &from) == 0 &&
		    memcmp(&v4->sin_addr,
			&((struct sockaddr_in *)&from)->sin_addr,
			sizeof v4->sin_addr) == 0;
	}
	v6->sin6_port = htons(DISCARD_PORT);
	return source_of(&to, &from) == 0 &&
	    memcmp(&v6->sin6_addr, &((struct sockaddr_in6 *)&from)->sin6_addr,
		sizeof v6->sin6_addr) == 0;
}

bool
mx_address_is_own(const struct sockaddr_storage *at)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;

	if (at->ss_family == AF_INET) {
		uint32_t net = ntohl(v4->sin_addr.s_addr) >> 24;

		return net == 127 || net == 0 || is_interface(at);
	}
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	    IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) || is_interface(at);
}

bool
mx_next(struct mx *m, struct dns *d, struct arena *a, struct mx_host *host_r)
{
	if (m->at >= m->count)
		return false;
	*host_r = m->hosts[m->at];
	dns_host(d, host_r->name, a, &host_r->found);
	for (size_t i = 0; m->port == SMTP_PORT && i < host_r->found.count; i++)
		if (mx_address_is_own(&host_r->found.addresses[i].at)) {
			m->count = m->at;
			if (m->at == 0)
				m->result = MX_LOOP;
			return false;
		}
	m->at++;
	return true;
}
