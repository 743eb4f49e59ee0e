/* DNS lookups, for programs that send. Packets are parsed by libc's resolver;
 * the servers are those of the file `dns` in the configuration, else of
 * /etc/resolv.conf. The file may have addresses ("127.0.0.1", "127.0.0.1:5353",
 * "[::1]:53"), one a line, or the word "none": then no server is ever asked,
 * and only names in /etc/hosts are found. The file `hosts` in the configuration
 * replaces /etc/hosts. See chainmail-dns(5).
 *
 * An answer is secure when the server set AD (RFC 6840 5.8) and every server in
 * use is on loopback: no other server is trusted. 127.0.0.54 is
 * systemd-resolved's proxy, which passes on remote servers' AD, so it counts as
 * remote. */
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
	DNS_DNSKEY = 48, /* its records are not parsed */
	DNS_TLSA = 52,
};

enum dns_result {
	DNS_FOUND,
	DNS_EMPTY, /* the name exists, without such records */
	DNS_GONE,  /* no such name (NXDOMAIN) */
	DNS_LATER, /* SERVFAIL (bogus too), no server answers, a broken answer */
	DNS_OFF,   /* `dns` has "none" */
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
			bool usable; /* an address can be looked up by it, or it
				      * is the null MX */
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
	bool secure;                /* see above; also for a denial */
	bool chased;                /* a CNAME was followed */
	struct span name;           /* the name that the records belong to */
	struct dns_record *records; /* only of the requested type */
	size_t count;
};

/* One question. */
struct dns_question {
	struct span name; /* without the last dot; "" is the root */
	enum dns_type type;
};

struct dns;
/* Read the configuration (etc as of conf_open(), may be -1, open for as long as
 * this) and /etc/hosts. Never NULL. Mistakes in `dns` are reported through
 * complain (may be NULL); if a file has lines but no usable one, every lookup
 * gives DNS_LATER. Call it before the sandbox; lookups need CALLS_INTERNET. */
struct dns *dns_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void dns_close(struct dns *d);
/* Report every invalid line of the file `hosts`; dns_open() logs them when
 * complain is conf_complain(). */
void dns_hosts_check(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
/* Re-read `dns`, `hosts` or their defaults in /etc if replaced: four calls of
 * stat(2). Files in /etc hidden by a sandbox stay as they were. True when
 * something was read. */
bool dns_refresh(struct dns *d);
/* A file that was read has been replaced since, /etc/resolv.conf and /etc/hosts
 * included. */
bool dns_is_stale(const struct dns *d);
/* For callers that need secure answers: unless `dns` names the servers, look
 * for a validating resolver on loopback, among those of /etc/resolv.conf and at
 * port 53 of 127.0.0.1 and ::1, with the first lookup and once a minute. If
 * found it is asked first, and its answer is final when secure or SERVFAIL;
 * otherwise those of /etc/resolv.conf are asked, since they may know names of
 * the local network. */
void dns_validate(struct dns *d);
/* Longest time for one lookup with all retries, in ms; default 10000. */
void dns_patience(struct dns *d, int ms);

/* name is a domain in its ASCII form; bytes that no domain of mail has are
 * escaped as libc does it: "\032" is a space, "\@" an @. CNAMEs are followed.
 * Malformed records
 * are dropped; at most 100 are returned. */
void dns_ask(struct dns *d, struct span name, enum dns_type type,
    struct arena *a, struct dns_answer *answer_r);

/* Ask all these at once, as dns_ask() does without dns_validate(), and be done
 * at deadline (clock_mono_ms()): what has no answer by then is DNS_LATER. The
 * names must be lower case and last as long as the answers. */
void dns_ask_many(struct dns *d, const struct dns_question *questions,
    size_t count, int64_t deadline, struct arena *a,
    struct dns_answer *answers_r);
/* The file `dns` has "none". */
bool dns_is_off(const struct dns *d);

/* Read a DNS packet that answers this question (for dns_ask(), and fuzzing). */
void dns_parse(struct span packet, struct span name, enum dns_type type,
    struct arena *a, struct dns_answer *answer_r);

/* The addresses of a host: those of /etc/hosts, else AAAA and A asked for. */
struct dns_address {
	struct sockaddr_storage at; /* port 0 */
	char text[INET6_ADDRSTRLEN];
};
struct dns_host {
	enum dns_result result;        /* the better result of both lookups */
	bool secure;                   /* every answer received was */
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
