/* Shared by the files of listen. */
#ifndef LISTEN_H
#define LISTEN_H

#include <netinet/in.h>
#include <signal.h>
#include <sys/types.h>

#include "base/str.h"
#include "proxy.h"

enum {
	LISTENERS_MAX = 16,
	NETWORKS_MAX = 64,
	SERVICE_MAX = 31,
	CONNECTION_ID = 10
};

/* A socket to accept on. */
struct listener {
	int fd;
	bool local;   /* a Unix socket */
	bool packets; /* one of packets */
	char service[SERVICE_MAX + 1];
};

/* The two ends of a connection; IPv4 as ::ffff:a.b.c.d. */
struct ends {
	bool local; /* a Unix socket: no addresses */
	struct in6_addr remote, own;
	uint16_t remote_port, own_port;
	uid_t uid; /* of a local one */
};

/* 192.0.2.0/24, 2001:db8::/32: whose PROXY headers are trusted. */
struct network {
	struct in6_addr address;
	unsigned bits;
};
/* A comma-separated list; -1 if a word is not a network. */
int networks_parse(
    struct span text, struct network networks[NETWORKS_MAX], size_t *count_r);
bool networks_hold(
    const struct network *networks, size_t count, const struct in6_addr *a);

/* The command line. */
struct options {
	bool keep;
	bool wait;
	unsigned total, per_source;
	bool count_local; /* count this machine, and each user on a Unix socket,
			   * as a source too */
	struct network balancers[NETWORKS_MAX];
	size_t balancer_count;
	char **program;
	bool log_starts; /* log connections' starts; ends are always logged */
	bool workers;    /* packet sockets carry jobs: see os/serve.h */
};

/* Sockets from systemd, from descriptor 0, or bound here; ends the program
 * when it can't. Returns their number. */
size_t listeners_inherit(struct listener l[LISTENERS_MAX]);
size_t listeners_bind(struct span addresses, struct listener l[LISTENERS_MAX]);
/* All are packet sockets, which carry jobs for workers. */
bool listeners_are_packets(const struct listener *l, size_t count);
/* The number of descriptors from systemd (LISTEN_FDS, LISTEN_PID). */
int listeners_given(void);

/* The open connections, by number. */
struct connection {
	uint64_t number;            /* 0: free */
	char id[CONNECTION_ID + 1]; /* conn= in the logs of all programs serving
				     * it; "": it carries jobs */
	int64_t began;              /* clock_mono_ms() */
	const struct listener *listener;
	struct ends ends;
};
struct table {
	struct connection *at;
	uint64_t *sources; /* source of each, apart, for a quick count */
	size_t size, count;
	uint64_t serial;
	uint64_t id;  /* the last */
	size_t *free; /* stack of free places */
};
void table_init(struct table *t, size_t size);
/* The place is free until table_take(); NULL when all are taken. */
struct connection *table_take(struct table *t, uint64_t source);
/* Make an id that is unique on this machine with high probability, and sorts by
 * time. */
void table_name(struct table *t, struct connection *c);
struct connection *table_find(struct table *t, uint64_t number);
void table_drop(struct table *t, struct connection *c);
size_t table_of_source(const struct table *t, uint64_t source);
/* The key of a source: an IPv4 address, an IPv6 /64, a uid; 0: not counted. */
uint64_t source_of(const struct ends *e, bool count_local);

/* The acceptor: the process exposed to the network. Never returns. */
_Noreturn void acceptor_run(const struct options *o,
    const struct listener *listeners, size_t count, int channel);

/* A protocol's refusal ("" if it has none). */
const char *refusal_words(const char *service, bool of_source);

/* Start the program on the channel; its pid. */
pid_t program_start(const struct options *o, int channel);
/* In a new process: become the program with this socket as descriptor 0, and
 * none of systemd's. */
_Noreturn void program_become(const struct options *o, int fd);

/* wait.c: let the program accept by itself on the socket, and start it whenever
 * a connection waits and it is not running. Until SIGTERM; returns an exit
 * code. signals is the set that is blocked: of SIGCHLD, SIGTERM and SIGINT. */
int wait_run(
    const struct options *o, const struct listener *l, const sigset_t *signals);
/* The back-off before a program that ended early is restarted, in ms; before is
 * the previous one. */
int backoff_next(int before, int64_t started);
/* Log the restart. */
void restart_log(const struct options *o, int status, int wait_ms);

#endif
