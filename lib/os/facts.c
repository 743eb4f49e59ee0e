/* The facts of a connection: see os/sock.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "os/sock.h"

extern char **environ;

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

enum { RECORD_MAX = 256 }; /* two addresses */

static void
record_write(char record[RECORD_MAX], int fd)
{
	struct sockaddr_storage peer = { 0 }, own = { 0 };
	socklen_t peer_len = sizeof peer, own_len = sizeof own;
	char ip[INET6_ADDRSTRLEN], port[8];
	int n;

	record[0] = '\0';
	if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) < 0) {
		/* A peer that reset the connection has no address any more, but
		 * its data can still be read: it must not be taken for a local
		 * one. */
		if (errno != ENOTSOCK && errno != EBADF)
			strcpy(record, "PROTO=TCP TCPREMOTEIP=0.0.0.0");
		return;
	}
	if (!address_text(&peer, ip, port)) {
		strcpy(record, "PROTO=UNIX TCPREMOTEIP=local");
		return;
	}
	n = snprintf(record, RECORD_MAX,
	    "PROTO=TCP TCPREMOTEIP=%s TCPREMOTEPORT=%s", ip, port);
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
	    address_text(&own, ip, port))
		snprintf(record + n, (size_t)(RECORD_MAX - n),
		    " TCPLOCALIP=%s TCPLOCALPORT=%s", ip, port);
}

/* Cut off the next word, decoded in place; NULL: there is none, or it is
 * malformed. */
static char *
word_cut(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	struct str decoded = STR_INIT;
	bool good = true;

	*rest = word + strcspn(word, " ");
	if (**rest != '\0')
		*(*rest)++ = '\0';
	if (strchr(word, '%') != NULL) {
		good = percent_decode(&decoded, span_text(word));
		memcpy(word, decoded.at, decoded.len + 1); /* decoding never
							    * lengthens */
		str_free(&decoded);
	}
	return good && *word != '\0' ? word : NULL;
}

/* The word is "NAME=…" of a connection. */
static bool
is_fact(const char *word)
{
	return *word >= 'A' && *word <= 'Z' && strchr(word, '=') != NULL;
}

void
facts_from_socket(int fd)
{
	char record[RECORD_MAX], *rest = record, *word;

	record_write(record, fd);
	while ((word = word_cut(&rest)) != NULL) {
		char *equals = strchr(word, '=');

		*equals = '\0';
		setenv(word, equals + 1, 1);
	}
}

void
facts_prepare(struct facts *f)
{
	size_t n = 0;

	while (n < COUNT(f->entries) && environ[n] != NULL)
		n++;
	if (n == COUNT(f->entries))
		return; /* too many: fact_put() handles it */
	memcpy(f->entries, environ, (n + 1) * sizeof *environ);
	environ = f->entries;
}

/* Drop the facts of the previous connection. */
static void
facts_drop(const struct facts *f)
{
	char **to = environ;

	for (char **from = environ; *from != NULL; from++)
		if (*from < f->record || *from >= f->record + FACTS_MAX)
			*to++ = *from;
	*to = NULL;
}

void
facts_leave(struct facts *f)
{
	facts_drop(f);
	if (environ != f->entries)
		return;
	environ = mem_resize(NULL, FACTS_ENTRIES, sizeof *environ);
	memcpy(environ, f->entries, sizeof f->entries);
}

void
facts_record(struct facts *f, int fd)
{
	record_write(f->record, fd);
}

static void
fact_put(struct facts *f, char *word)
{
	size_t n = 0, name = strcspn(word, "=") + 1;

	while (environ[n] != NULL && strncmp(environ[n], word, name) != 0)
		n++;
	if (environ != f->entries || n + 1 >= COUNT(f->entries)) {
		putenv(word);
		return;
	}
	if (environ[n] == NULL)
		environ[n + 1] = NULL;
	environ[n] = word;
}

void
facts_take(struct facts *f)
{
	char *rest = f->record, *word;

	facts_drop(f);
	while ((word = word_cut(&rest)) != NULL)
		if (is_fact(word))
			fact_put(f, word);
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
