/* The facts of a connection: see os/sock.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/sock.h"

const char *
fact(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "" : value;
}

/* The address as text, an IPv4 one inside IPv6 (::ffff:192.0.2.1) as IPv4. */
static bool
address_text(
    const struct sockaddr_storage *a, char ip[INET6_ADDRSTRLEN], char port[8])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, ip, INET6_ADDRSTRLEN);
		snprintf(port, 8, "%u", ntohs(v4->sin_port));
		return true;
	}
	if (a->ss_family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		inet_ntop(
		    AF_INET, &v6->sin6_addr.s6_addr[12], ip, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, INET6_ADDRSTRLEN);
	snprintf(port, 8, "%u", ntohs(v6->sin6_port));
	return true;
}

void
facts_from_socket(int fd)
{
	struct sockaddr_storage peer = { 0 }, own = { 0 };
	socklen_t peer_len = sizeof peer, own_len = sizeof own;
	char ip[INET6_ADDRSTRLEN], port[8];

	if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) < 0) {
		/* A peer that has reset the connection has no address any more,
		 * but what it sent can still be read: it must not pass for a
		 * local one. */
		if (errno != ENOTSOCK && errno != EBADF) {
			setenv("PROTO", "TCP", 1);
			setenv("TCPREMOTEIP", "0.0.0.0", 1);
		}
		return;
	}
	if (!address_text(&peer, ip, port)) {
		setenv("PROTO", "UNIX", 1);
		setenv("TCPREMOTEIP", "local", 1);
		return;
	}
	setenv("PROTO", "TCP", 1);
	setenv("TCPREMOTEIP", ip, 1);
	setenv("TCPREMOTEPORT", port, 1);
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
	    address_text(&own, ip, port)) {
		setenv("TCPLOCALIP", ip, 1);
		setenv("TCPLOCALPORT", port, 1);
	}
}

void
facts_complete(void)
{
	if (fact("TCPREMOTEIP")[0] != '\0')
		return;
	facts_from_socket(0);
	if (fact("TCPREMOTEIP")[0] == '\0' && fact("REMOTE_ADDR")[0] != '\0') {
		setenv("PROTO", "TCP", 1);
		setenv("TCPREMOTEIP", fact("REMOTE_ADDR"), 1);
		setenv("TCPREMOTEPORT", fact("REMOTE_PORT"), 1);
	}
}

bool
fact_is_local(void)
{
	const char *ip = fact("TCPREMOTEIP");

	return ip[0] == '\0' || strcmp(ip, "local") == 0 ||
	    strcmp(ip, "::1") == 0 || strncmp(ip, "127.", 4) == 0;
}
