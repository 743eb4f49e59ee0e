#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "net/dns_inside.h"
#include "os/conf.h"
#include "os/file.h"

enum { RESOLV_MAX = 3 }; /* as libc */

/* The part of an address before its %scope as a number; 0: none. */
static uint32_t
scope_of(const char *text)
{
	const char *p = strchr(text, '%');

	return p == NULL ? 0 : if_nametoindex(p + 1);
}

/* An address without a port: "127.0.0.1", "::1", "fe80::1%eth0". */
static bool
server_set(struct dns_server *s, struct span address, uint16_t port)
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
	return port_read(port, &number) && server_set(s, address, number);
}

static bool
is_loopback(const struct dns_server *s)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&s->at;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&s->at;

	if (s->at.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) &&
		v6->sin6_addr.s6_addr[12] == 127);
}

/* NULL, or what is wrong with a line of `dns`. */
static const char *
line_read(struct dns *d, struct span line)
{
	if (span_equal_case(line, SPAN("none"))) {
		d->off = true;
		return NULL;
	}
	if (d->count == DNS_SERVERS_MAX)
		return "eight servers are enough; take this line out";
	if (!server_parse(line, &d->servers[d->count]))
		return "not an address; write 127.0.0.1, 127.0.0.1:5353, "
		       "[::1]:53, or none";
	d->count++;
	return NULL;
}

/* False: the file says nothing. One with mistakes, or one that can't be read,
 * is not to be replaced by another: questions would go where they must not. */
static bool
file_read(struct dns *d, int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct conf_list l;
	struct span line;
	bool says = !conf_list_open(&l, etc, "dns") && errno != ENOENT;

	if (says && complain != NULL)
		complain(0,
		    "can't be read, no server is asked; mend or remove "
		    "the file",
		    arg);
	while (conf_next(&l, &line)) {
		const char *wrong = line_read(d, line);

		says = true;
		if (wrong != NULL && complain != NULL)
			complain(l.line, wrong, arg);
	}
	conf_list_close(&l);
	return says;
}

/* resolv.conf(5): without a server it is the one on this machine. */
static void
resolv_read(struct dns *d)
{
	int dir = dir_open(AT_FDCWD, "/etc");
	struct conf_list l;
	struct span line;

	conf_list_open(&l, dir, "resolv.conf");
	while (conf_next(&l, &line)) {
		struct span word = span_word(&line);

		if (span_equal(word, SPAN("nameserver")) &&
		    d->count < RESOLV_MAX &&
		    server_set(
			&d->servers[d->count], span_word(&line), DNS_PORT))
			d->count++;
	}
	conf_list_close(&l);
	if (dir >= 0)
		close(dir);
	if (d->count == 0)
		server_set(
		    &d->servers[d->count++], SPAN("127.0.0.1"), DNS_PORT);
}

void
dns_servers_read(struct dns *d, int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	if (!file_read(d, etc, complain, arg))
		resolv_read(d);
	d->trusted = true;
	for (size_t i = 0; i < d->count; i++)
		d->trusted = d->trusted && is_loopback(&d->servers[i]);
}
