/* What the files of net/dns share. */
#ifndef NET_DNS_INSIDE_H
#define NET_DNS_INSIDE_H

#include "net/dns.h"

enum {
	DNS_SERVERS_MAX = 8,
	DNS_CNAMES_MAX = 16, /* as many as resolvers follow */
	DNS_PORT = 53,
	DNS_PACKET_MAX = 65535,
};

struct dns_server {
	struct sockaddr_storage at;
	socklen_t len;
};

struct hosts;

struct dns {
	struct dns_server servers[DNS_SERVERS_MAX];
	size_t count;
	size_t best; /* who answered last */
	bool off;
	bool trusted; /* every server is on loopback */
	int patience; /* ms */
	struct hosts *hosts;
	unsigned char packet[DNS_PACKET_MAX];
};

/* One question, ready to be sent. */
struct dns_question {
	struct span name; /* without the last dot */
	enum dns_type type;
};

/* dns_servers.c: the servers of `dns`, else of /etc/resolv.conf. */
void dns_servers_read(struct dns *d, int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);

/* dns_send.c: get the answer of one of the servers into d->packet until
 * deadline (clock_mono_ms()). False: none has one. */
bool dns_exchange(struct dns *d, const struct dns_question *q, int64_t deadline,
    struct span *packet_r);

/* The name can be put into a question; else there is no such name. */
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
/* Of CHAINMAIL_ETC/hosts if there is one, else /etc/hosts. Never NULL. */
struct hosts *hosts_open(int etc);
void hosts_close(struct hosts *h);
/* The entries of a name, in the file's order; NULL if there is none. */
const struct hosts_entry *hosts_find(
    const struct hosts *h, struct span name, size_t *count_r);

#endif
