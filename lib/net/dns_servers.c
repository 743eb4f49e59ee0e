#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "net/dns_inside.h"
#include "os/conf.h"

enum { RESOLV_MAX = 3 }; /* as libc */

#define RESOLVED_PROXY UINT32_C(0x7f000036) /* 127.0.0.54 */

/* The part of an address before its %scope as a number; 0: none. */
static uint32_t
scope_of(const char *text)
{
	const char *p = strchr(text, '%');

	return p == NULL ? 0 : if_nametoindex(p + 1);
}

/* An address without a port: "127.0.0.1", "::1", "fe80::1%eth0". */
bool
dns_server_set(struct dns_server *s, struct span address, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s->at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s->at;
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1] = "";

	*s = (struct dns_server){ .len = 0 };
	if (address.len >= sizeof text)
		return false;
	memcpy(text, address.at, address.len);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		s->len = sizeof *v4;
		return true;
	}
	v6->sin6_scope_id = scope_of(text);
	text[strcspn(text, "%")] = '\0';
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	s->len = sizeof *v6;
	return true;
}

/* ":5353" or nothing. */
static bool
port_read(struct span text, uint16_t *port_r)
{
	uint64_t port = DNS_PORT;

	if (text.len > 0 &&
	    (!span_take(&text, ':') || !span_is_number(text, 65535, &port) ||
		port == 0))
		return false;
	*port_r = (uint16_t)port;
	return true;
}

/* A line of `dns`. */
static bool
server_parse(struct span line, struct dns_server *s)
{
	struct span address = line, port = span_from(line, line.len);
	uint16_t number;

	if (span_take(&line, '[')) {
		if (!span_until(&line, ']', &address))
			return false;
		port = span_from(line, 1);
	} else if (span_find(span_from(line, span_find(line, ':') + 1), ':') ==
	    line.len - (span_find(line, ':') + 1)) { /* one colon: a port */
		address = span_head(line, span_find(line, ':'));
		port = span_from(line, address.len);
	}
	return port_read(port, &number) && dns_server_set(s, address, number);
}

/* The address as IPv4 in host order; 0: it is none. */
static uint32_t
address_v4(const struct dns_server *s)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&s->at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&s->at;
	uint32_t n;

	if (s->at.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr);
	if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return 0;
	memcpy(&n, &v6->sin6_addr.s6_addr[12], sizeof n);
	return ntohl(n);
}

/* systemd-resolved(8) at 127.0.0.53 sets AD for answers it has validated; at
 * 127.0.0.54 it passes on packets of remote servers. */
bool
dns_server_is_local(const struct dns_server *s)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&s->at;
	uint32_t v4 = address_v4(s);

	if (v4 == 0)
		return s->at.ss_family == AF_INET6 &&
		    IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return v4 >> 24 == IN_LOOPBACKNET && v4 != RESOLVED_PROXY;
}

/* NULL, or what is wrong with a line of `dns`. */
static const char *
line_read(struct dns *d, struct span line)
{
	struct dns_group *g = &d->listed;

	if (span_equal_case(line, SPAN("none"))) {
		d->off = true;
		return NULL;
	}
	if (g->count == DNS_SERVERS_MAX)
		return "at most eight servers; remove this line";
	if (!server_parse(line, &g->servers[g->count]))
		return "not an address; write 127.0.0.1, 127.0.0.1:5353, "
		       "[::1]:53, or none";
	g->count++;
	return NULL;
}

/* False: the file has no lines. A faulty or unreadable one must not be replaced
 * by resolv.conf: queries would go to the wrong servers. */
static bool
file_read(struct dns *d)
{
	struct conf_list l;
	struct span line;
	bool says = !conf_list_open(&l, d->etc, "dns") && errno != ENOENT;

	if (says && d->complain != NULL)
		d->complain(0,
		    "can't be read, no server is asked; fix or remove "
		    "the file",
		    d->arg);
	while (conf_next(&l, &line)) {
		const char *wrong = line_read(d, line);

		says = true;
		if (wrong != NULL && d->complain != NULL)
			d->complain(l.line, wrong, d->arg);
	}
	conf_list_close(&l);
	return says;
}

/* resolv.conf(5): without a server it is the one on this machine. */
static void
resolv_read(struct dns_group *g)
{
	struct conf_list l;
	struct span line;

	conf_list_open(&l, DNS_ETC, "/etc/resolv.conf");
	while (conf_next(&l, &line)) {
		struct span word = span_word(&line);

		if (span_equal(word, SPAN("nameserver")) &&
		    g->count < RESOLV_MAX &&
		    dns_server_set(
			&g->servers[g->count], span_word(&line), DNS_PORT))
			g->count++;
	}
	conf_list_close(&l);
	if (g->count == 0)
		dns_server_set(
		    &g->servers[g->count++], SPAN("127.0.0.1"), DNS_PORT);
}

void
dns_servers_read(struct dns *d)
{
	struct dns_group *g = &d->listed;

	*g = (struct dns_group){ .trusted = true };
	d->off = false;
	d->by_file = file_read(d);
	if (!d->by_file)
		resolv_read(g);
	for (size_t i = 0; i < g->count; i++)
		g->trusted = g->trusted && dns_server_is_local(&g->servers[i]);
}
