/* Questions to the DNS, for programs that send. The packets are read by libc's
 * resolver; the servers are those of the file `dns` in the configuration, else
 * of /etc/resolv.conf. The file may hold addresses ("127.0.0.1",
 * "127.0.0.1:5353", "[::1]:53"), one a line, or the word "none": then nothing
 * is ever asked, and only names of /etc/hosts are found. The file `hosts` in
 * the configuration takes the place of /etc/hosts. See chainmail-dns(5).
 *
 * An answer is secure when the server set AD (RFC 6840 5.8) and every server in
 * use is on loopback: nobody else's word is taken for it. */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <netinet/in.h>

#include "base/arena.h"

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52,
};

enum dns_result {
	DNS_FOUND,
	DNS_EMPTY, /* the name exists, without such records */
	DNS_GONE,  /* no such name (NXDOMAIN) */
	DNS_LATER, /* SERVFAIL (bogus too), no server answers, a broken answer */
	DNS_OFF,   /* `dns` says none */
};

struct dns_record {
	uint32_t ttl; /* seconds */
	union {
		struct in_addr a;
		struct in6_addr aaaa;
		struct {
			uint16_t preference;
			struct span host; /* lower case, without the last dot;
					   * "" is the root: null MX */
		} mx;
		struct span text; /* TXT: its strings joined */
		struct span name; /* PTR, CNAME */
		struct {
			uint8_t usage, selector, matching;
			struct span data; /* bytes */
		} tlsa;
	} is;
};

/* One answer; its memory is the arena given to dns_ask(). */
struct dns_answer {
	enum dns_result result;
	bool secure;                /* see above; of a denial too */
	bool chased;                /* there was a CNAME on the way */
	struct span name;           /* the name that the records belong to */
	struct dns_record *records; /* of the type asked for alone */
	size_t count;
};

struct dns;
/* Read the configuration (etc as of conf_open(), may be -1) and /etc/hosts.
 * Never NULL. Mistakes in `dns` are reported through complain (may be NULL);
 * a file with lines, but without a usable one, has every question answered
 * with DNS_LATER.
 * To be called before the sandbox; asking needs CALLS_INTERNET. */
struct dns *dns_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void dns_close(struct dns *d);
/* Longest time for one question with all repetitions, in ms; 10000 when not
 * set. */
void dns_patience(struct dns *d, int ms);

/* name is a domain in its ASCII form. CNAMEs are followed. Records that make
 * no sense are left out; at most 100 are given. */
void dns_ask(struct dns *d, struct span name, enum dns_type type,
    struct arena *a, struct dns_answer *answer_r);

/* Read a DNS packet that answers this question (for dns_ask(), and fuzzing). */
void dns_parse(struct span packet, struct span name, enum dns_type type,
    struct arena *a, struct dns_answer *answer_r);

/* The addresses of a host: those of /etc/hosts, else AAAA and A asked for. */
struct dns_address {
	struct sockaddr_storage at; /* port 0 */
	char text[INET6_ADDRSTRLEN];
};
struct dns_host {
	enum dns_result result;        /* of the better of both questions */
	bool secure;                   /* each answer that came was */
	bool known;                    /* from /etc/hosts */
	struct span name;              /* behind CNAMEs */
	struct dns_address *addresses; /* IPv6 and IPv4 in turn, IPv6 first */
	size_t count;                  /* at most 32 */
};
/* name may be an address itself (also in brackets). `localhost` and the names
 * below it are this machine (RFC 6761 6.3). */
void dns_host(
    struct dns *d, struct span name, struct arena *a, struct dns_host *host_r);

#endif
