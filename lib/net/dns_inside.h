/* Shared by the files of net/dns only. */
#ifndef NET_DNS_INSIDE_H
#define NET_DNS_INSIDE_H

#include <arpa/nameser.h>

#include "net/dns.h"
#include "os/stamp.h"

enum {
	DNS_SERVERS_MAX = 8,
	DNS_CNAMES_MAX = 16, /* as many as resolvers follow */
	DNS_PORT = 53,
	DNS_PACKET_MAX = 65535,
	DNS_ETC = 0, /* for conf_list_open(): a whole path needs no folder */
};

struct dns_server {
	struct sockaddr_storage at;
	socklen_t len;
};

/* Servers asked in turn. */
struct dns_group {
	struct dns_server servers[DNS_SERVERS_MAX];
	size_t count;
	size_t best;  /* the last that answered */
	bool trusted; /* AD of all is trusted: see dns.h */
};

struct hosts;

/* The files that were read. */
enum { DNS_FILE_DNS, DNS_FILE_HOSTS, DNS_FILE_RESOLV, DNS_FILE_ETC_HOSTS };
enum { DNS_FILES = DNS_FILE_ETC_HOSTS + 1 };

struct dns {
	int etc; /* not owned */
	void (*complain)(unsigned line, const char *text, void *arg);
	void *arg;
	struct stamp seen[DNS_FILES];
	struct dns_group listed;
	bool off;
	bool by_file; /* only the servers of the file `dns` are asked */
	/* dns_validator.c: */
	struct dns_group usual;  /* default addresses of a local resolver */
	bool validate;           /* look for one */
	struct dns_group local;  /* the one found; may be empty */
	int64_t validator_asked; /* clock_mono_ms(); 0: never */
	int patience;            /* ms */
	struct hosts *hosts;
	unsigned char packet[DNS_PACKET_MAX];
};

/* dns_servers.c: the servers of `dns`, else of /etc/resolv.conf. */
void dns_servers_read(struct dns *d);
/* An address without a port; false: it is none. */
bool dns_server_set(struct dns_server *s, struct span address, uint16_t port);
/* A server whose AD bit is trusted: on loopback, and not a mere proxy. */
bool dns_server_is_local(const struct dns_server *s);

/* dns_send.c: get the answer of one of the servers into d->packet until
 * deadline (clock_mono_ms()). */
enum dns_reply {
	DNS_REPLY,     /* the answer is in packet_r */
	DNS_NO_REPLY,  /* no server answered, or not in time */
	DNS_NO_SERVER, /* nobody listens there */
};
enum dns_reply dns_exchange(struct dns *d, struct dns_group *g,
    const struct dns_question *q, int64_t deadline, struct span *packet_r);

/* One query; len bytes after room for the length that TCP has before it. */
enum {
	DNS_LENGTH = 2,
	DNS_OPT_SIZE = 11,
	DNS_QUERY_MAX = NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + DNS_OPT_SIZE
};
struct dns_query {
	unsigned char at[DNS_LENGTH + DNS_QUERY_MAX];
	size_t len;
	size_t question; /* its length, after the header */
	uint16_t id;
	bool edns;
};
enum dns_sent {
	DNS_SENT_GOOD,      /* the packet is the answer */
	DNS_SENT_TRUNCATED, /* ask over TCP */
	DNS_SENT_PLAIN,     /* ask without EDNS */
	DNS_SENT_FAILED,    /* the server has no answer */
	DNS_SENT_NOBODY,    /* no server listens */
	DNS_SENT_SILENT     /* nothing came in time */
};
/* With a new id; false: the name can't be asked for. */
bool dns_query_make(
    struct dns_query *q, const struct dns_question *what, bool edns);
/* A socket that only this server reaches, SOCK_DGRAM or SOCK_STREAM; -1. */
int dns_server_connect(const struct dns_server *s, int type);
/* The meaning of a packet for this query; DNS_SENT_SILENT: not ours, keep
 * waiting. */
enum dns_sent dns_packet_judge(struct span packet, const struct dns_query *q);

/* dns_validator.c: bring d->local up to date. */
void dns_validator_find(struct dns *d);

/* The name is valid in a query; otherwise it does not exist. */
bool dns_can_ask(struct span name);

/* dns.c: dns_ask() until deadline. */
void dns_ask_until(struct dns *d, const struct dns_question *q,
    int64_t deadline, struct arena *a, struct dns_answer *answer_r);

/* dns_host.c: localhost, or in `hosts`; in lower case. */
bool dns_is_known(const struct dns *d, struct span name);

/* dns_hosts.c: the file. */
struct hosts_entry {
	struct span name;
	uint32_t order; /* in the file */
	int family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} is;
};
/* CHAINMAIL_ETC/hosts if it exists, else /etc/hosts. Never NULL. tell: log
 * invalid lines of the former. */
struct hosts *hosts_open(int etc, bool tell);
void hosts_close(struct hosts *h);
/* The entries of a name, in the file's order; NULL if there is none. */
const struct hosts_entry *hosts_find(
    const struct hosts *h, struct span name, size_t *count_r);

#endif
