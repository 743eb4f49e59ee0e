/* One conversation with another host. */
#ifndef SEND_CONN_H
#define SEND_CONN_H

#include "job.h"
#include "net/tls_rule.h"
#include "reply.h"

/* What its EHLO offered. */
enum {
	CAN_PIPELINING = 1,
	CAN_SIZE = 2,
	CAN_8BITMIME = 4,
	CAN_SMTPUTF8 = 8,
	CAN_DSN = 16,
	CAN_CHUNKING = 32,
	CAN_STARTTLS = 64,
	CAN_REQUIRETLS = 128,
	CAN_AUTH_PLAIN = 256,
	CAN_AUTH_LOGIN = 512,
	CAN_AUTH_SCRAM = 1024,
	CAN_AUTH_SCRAM_PLUS = 2048,
};

struct conn {
	int fd; /* -1: not open */
	struct io io;
	struct reply reply; /* the last one */
	unsigned can;
	uint64_t size_limit; /* RFC 1870; 0: none told */
	bool lmtp;
	bool dirty;     /* a transaction was begun and not ended */
	bool ending;    /* it said 421, or is not to be used again */
	bool bdat_fine; /* it took a BDAT */
	bool late;      /* the last reply did not come in time */
	int64_t opened; /* clock_mono_ms() */
	/* Whose it is */
	struct str key; /* of the route */
	struct str host;
	char ip[INET6_ADDRSTRLEN], local[INET6_ADDRSTRLEN];
	uint16_t port;
	bool named; /* the route named the host: no MX */
	bool mx_secure;
	struct arena memory; /* what rule points to */
	struct tls_domain domain;
	struct dns_host address;
	struct tls_rule rule;
	struct tls_outcome outcome;
	struct tls_wire *wire; /* NULL: plain text */
};

void conn_init(struct conn *c);
/* Nothing is read or said any more. */
void conn_close(struct conn *c);
void conn_free(struct conn *c);
/* QUIT, and no wait for the answer: RFC 5321 4.1.1.10 wants it waited for, but
 * every result is in. */
void conn_quit(struct conn *c);
/* The host hung up, or says something unasked (421): it is over. */
bool conn_is_stale(struct conn *c);

/* Read a reply within ms. False: none came, the connection is over, and r (may
 * be NULL) says so. */
bool conn_reply(struct conn *c, int ms, struct arena *a, struct result *r);
/* Say one line, without CRLF, and get the reply. */
__attribute__((format(printf, 5, 6))) bool conn_command(struct conn *c, int ms,
    struct arena *a, struct result *r, const char *format, ...);
/* Fill in who it is. */
void conn_name(const struct conn *c, struct arena *a, struct result *r);

#endif
