/* The sockets to accept on. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/die.h"
#include "listen.h"
#include "os/sock.h"

enum { FIRST_GIVEN = 3, BACKLOG = 4096, MODE_OTHERWISE = 0660 };

static void
service_set(struct listener *l, struct span name)
{
	const char *otherwise = getenv("SERVICE");

	/* systemd names a socket after its unit, smtp.socket. */
	if (span_ends_case(name, SPAN(".socket")))
		name.len -= strlen(".socket");
	if (name.len == 0 && otherwise != NULL)
		name = span_text(otherwise);
	if (name.len > SERVICE_MAX)
		die(USAGE, "the name of a service is longer than %d",
		    SERVICE_MAX);
	memcpy(l->service, name.at, name.len);
	l->service[name.len] = '\0';
}

/* Accepted sockets inherit these: replies are sent without delay, and vanished
 * peers are detected. */
static void
socket_prepare(struct listener *l, struct span service)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;
	int on = 1, type = 0;
	socklen_t type_len = sizeof type;

	if (getsockname(l->fd, (struct sockaddr *)&a, &len) < 0)
		die_text(
		    CONFIG, "descriptor %d is no socket to accept on", l->fd);
	l->local = a.ss_family == AF_UNIX;
	l->packets = getsockopt(l->fd, SOL_SOCKET, SO_TYPE, &type, &type_len) ==
		0 &&
	    type == SOCK_SEQPACKET;
	if (!l->local) {
		setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	service_set(l, service);
}

bool
listeners_are_packets(const struct listener *l, size_t count)
{
	bool all = count > 0;

	for (size_t i = 0; i < count; i++)
		all &= l[i].packets;
	return all;
}

int
listeners_given(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t n, owner;

	if (count == NULL || !span_is_number(span_text(count), 1000, &n))
		return 0;
	if (pid != NULL &&
	    (!span_is_number(span_text(pid), INT32_MAX, &owner) ||
		owner != (uint64_t)getpid()))
		return 0;
	return (int)n;
}

size_t
listeners_inherit(struct listener l[LISTENERS_MAX])
{
	const char *text = getenv("LISTEN_FDNAMES");
	struct span names = span_text(text == NULL ? "" : text),
		    none = SPAN("");
	int given = listeners_given();

	if (given > LISTENERS_MAX)
		die_text(CONFIG, "more than %d sockets", LISTENERS_MAX);
	for (int i = 0; i < given; i++) {
		struct span name = span_head(names, span_find(names, ':'));

		names = span_from(names, name.len + 1);
		l[i].fd = FIRST_GIVEN + i;
		socket_prepare(&l[i], name);
	}
	if (given > 0)
		return (size_t)given;
	l[0].fd = 0;
	socket_prepare(&l[0], none);
	return 1;
}

/* Remove a stale socket file, on which nobody listens. */
static void
remove_stale(const struct sock_name *n, const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, n->type | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&n->address, n->len) < 0 &&
	    errno == ECONNREFUSED)
		unlink(path);
	if (fd >= 0)
		close(fd);
}

static int
bind_unix(const struct sock_name *n, mode_t mode)
{
	const char *path = ((const struct sockaddr_un *)&n->address)->sun_path;
	int fd;

	remove_stale(n, path);
	fd = socket(AF_UNIX, n->type | SOCK_CLOEXEC, 0);
	/* umask 077: others can't connect before the mode is set. */
	if (fd >= 0 &&
	    (bind(fd, (const struct sockaddr *)&n->address, n->len) < 0 ||
		chmod(path, mode) < 0))
		return -1;
	return fd;
}

static int
bind_inet(const struct sock_name *n)
{
	const struct sockaddr_in6 *v6 =
	    (const struct sockaddr_in6 *)&n->address;
	bool any = v6->sin6_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
	int on = 1, only = !any;
	int fd = socket(n->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 && any && errno == EAFNOSUPPORT) {
		struct sock_name v4 = *n;
		struct sockaddr_in *a = (struct sockaddr_in *)&v4.address;

		*a = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_port = v6->sin6_port };
		v4.len = sizeof *a;
		return bind_inet(&v4);
	}
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (n->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	return bind(fd, (const struct sockaddr *)&n->address, n->len) < 0 ? -1
									  : fd;
}

/* Take ":0660" off the end of a path. */
static mode_t
take_mode(struct span *path)
{
	size_t at = path->len;
	mode_t mode = 0;

	while (at > 0 && path->at[at - 1] >= '0' && path->at[at - 1] <= '7')
		at--;
	if (at == 0 || path->at[at - 1] != ':' || path->len - at < 3 ||
	    path->len - at > 4)
		return MODE_OTHERWISE;
	for (size_t i = at; i < path->len; i++)
		mode = mode << 3 | (mode_t)(path->at[i] - '0');
	path->len = at - 1;
	return mode;
}

/* "[service=]address[:mode]" */
static void
bind_one(struct span word, struct listener *l)
{
	size_t equals = span_find(span_head(word, span_find(word, '/')), '=');
	struct span service = SPAN(""), address = word;
	struct sock_name name;
	mode_t mode = 0;

	if (equals < word.len && word.at[equals] == '=') {
		service = span_head(word, equals);
		address = span_from(word, equals + 1);
	}
	if (span_find(address, '/') < address.len)
		mode = take_mode(&address);
	if (sock_parse(address, &name) < 0)
		die(USAGE,
		    "%.*s is no address; say 127.0.0.1:25, [::1]:25, *:25, "
		    "/path or seqpacket:/path",
		    (int)address.len, address.at);
	l->fd = name.address.ss_family == AF_UNIX ? bind_unix(&name, mode)
						  : bind_inet(&name);
	if (l->fd < 0 || listen(l->fd, BACKLOG) < 0)
		die(CONFIG, "listen on %.*s", (int)address.len, address.at);
	socket_prepare(l, service);
}

size_t
listeners_bind(struct span addresses, struct listener l[LISTENERS_MAX])
{
	size_t n = 0;

	while (addresses.len > 0) {
		struct span word = span_head(
		    addresses, span_find(addresses, ','));

		addresses = span_from(addresses, word.len + 1);
		if (n == LISTENERS_MAX)
			die(USAGE, "more than %d addresses", LISTENERS_MAX);
		bind_one(word, &l[n++]);
	}
	return n;
}
