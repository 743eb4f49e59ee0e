/* What the files of listen share. */
#ifndef LISTEN_H
#define LISTEN_H

#include <netinet/in.h>
#include <sys/types.h>

#include "base/str.h"
#include "proxy.h"

enum { LISTENERS_MAX = 16, NETWORKS_MAX = 64, SERVICE_MAX = 31 };

/* A socket to accept on. */
struct listener {
	int fd;
	bool local; /* a Unix socket */
	char service[SERVICE_MAX + 1];
};

/* The two ends of a connection; IPv4 as ::ffff:a.b.c.d. */
struct ends {
	bool local; /* a Unix socket: no addresses */
	struct in6_addr remote, own;
	uint16_t remote_port, own_port;
	uid_t uid; /* of a local one */
};

/* 192.0.2.0/24, 2001:db8::/32: whose PROXY headers are believed. */
struct network {
	struct in6_addr address;
	unsigned bits;
};
/* A comma-separated list; -1 if a word is no network. */
int networks_parse(
    struct span text, struct network networks[NETWORKS_MAX], size_t *count_r);
bool networks_hold(
    const struct network *networks, size_t count, const struct in6_addr *a);

/* What the command line says. */
struct options {
	bool keep;
	unsigned total, per_source;
	bool count_local; /* this machine, and each of its users on a Unix
			   * socket, is a source like any other */
	struct network balancers[NETWORKS_MAX];
	size_t balancer_count;
	char **program;
};

/* Sockets from systemd, from descriptor 0, or bound here; ends the program
 * when it can't. Returns their number. */
size_t listeners_inherit(struct listener l[LISTENERS_MAX]);
size_t listeners_bind(struct span addresses, struct listener l[LISTENERS_MAX]);
/* How many descriptors systemd gave (LISTEN_FDS, LISTEN_PID). */
int listeners_given(void);

/* The connections that are open, by number. */
struct connection {
	uint64_t number; /* 0: free */
	int64_t began;   /* clock_mono_ms() */
	const struct listener *listener;
	struct ends ends;
};
struct table {
	struct connection *at;
	uint64_t *sources; /* source of each, apart, for a quick count */
	size_t size, count;
	uint64_t serial;
	size_t *free; /* stack of free places */
};
void table_init(struct table *t, size_t size);
/* The place is free until table_take(); NULL when all are taken. */
struct connection *table_take(struct table *t, uint64_t source);
struct connection *table_find(struct table *t, uint64_t number);
void table_drop(struct table *t, struct connection *c);
size_t table_of_source(const struct table *t, uint64_t source);
/* What counts as one source: an IPv4 address, an IPv6 /64, a uid; 0: not
 * counted. */
uint64_t source_of(const struct ends *e, bool count_local);

/* The acceptor: the process that meets the network. Never returns. */
_Noreturn void acceptor_run(const struct options *o,
    const struct listener *listeners, size_t count, int channel);

/* The words with which a protocol refuses ("" where there are none). */
const char *refusal_words(const char *service, bool of_source);

/* Start the program on the channel; its pid. */
pid_t program_start(const struct options *o, int channel);

#endif
