/* A connection to another host. */
#ifndef SEND_CONN_H
#define SEND_CONN_H

#include "job.h"
#include "net/tls_rule.h"
#include "reply.h"

/* Extensions offered by its EHLO. */
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
	uint64_t size_limit; /* RFC 1870; 0: none given */
	bool lmtp;
	bool dirty;     /* a transaction was begun and not ended */
	bool ending;    /* it sent 421, or must not be reused */
	bool bdat_fine; /* it accepted a BDAT */
	bool late;      /* the last reply did not come in time */
	int64_t opened; /* clock_mono_ms() */
	/* The destination */
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
/* Close it without QUIT. */
void conn_close(struct conn *c);
void conn_free(struct conn *c);
/* Send QUIT without waiting for the answer: RFC 5321 4.1.1.10 requires waiting,
 * but all results are known. */
void conn_quit(struct conn *c);
/* The host hung up, or sent something unasked (421): the connection is over. */
bool conn_is_stale(struct conn *c);

/* Read a reply within ms. False: none came, the connection is over, and r (may
 * be NULL) has the reason. */
bool conn_reply(struct conn *c, int ms, struct arena *a, struct result *r);
/* Send one line (given without CRLF) and get the reply. */
__attribute__((format(printf, 5, 6))) bool conn_command(struct conn *c, int ms,
    struct arena *a, struct result *r, const char *format, ...);
/* Fill in the host's identity. */
void conn_name(const struct conn *c, struct arena *a, struct result *r);

#endif
