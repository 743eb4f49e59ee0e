/* Ask authd who a client is: one SASL dialogue (RFC 4422). What passes is
 * base64 as it stands in the client's protocol; nothing is decoded here.
 *	auth_open(&a);
 *	r = auth_start(&a, &request);
 *	while (r == AUTH_MORE)
 *		r = auth_continue(&a, line);  (send a.data to the client first)
 *	auth_close(&a); */
#ifndef NET_AUTH_H
#define NET_AUTH_H

#include "base/io.h"

enum {
	AUTH_DATA_MAX = 12288, /* bytes of one base64 response (RFC 4954 4) */
	AUTH_TIME_MS = 60000,  /* longest wait for one answer of authd */
};

enum auth_result {
	AUTH_OK,   /* user, mailbox and perhaps uid and gid are set */
	AUTH_MORE, /* data is the challenge: auth_continue() or auth_cancel() */
	AUTH_FAIL, /* code and text are set */
};

/* Why: what the client's protocol answers follows from it. */
enum auth_code {
	AUTH_CREDENTIALS, /* wrong name or password; also: no such user */
	AUTH_UNAVAILABLE, /* later: no authd, a broken database, time is up */
	AUTH_MALFORMED,   /* the client's data is wrong */
	AUTH_MECHANISM,   /* no such mechanism here */
	AUTH_PLAINTEXT,   /* this mechanism needs TLS */
	AUTH_BUSY,        /* later: too many at once, or too many failures */
	AUTH_DISABLED,    /* the account may not log in */
	AUTH_CANCELLED,   /* the client sent "*" */
};

struct auth_request {
	struct span mechanism; /* in any case */
	const char *service;   /* smtp, imap, pop3, ... */
	const char *ip;        /* the client's address */
	bool local;            /* it is this machine: fact_is_local() */
	struct span tls;       /* protocol; empty: none */
	struct span binding;   /* of struct tls_session */
	struct span cert;      /* likewise */
	bool has_initial;      /* initial is there, perhaps empty ("=") */
	struct span initial;   /* base64 */
};

struct auth {
	struct io io;
	int sock; /* -1: not open */
	enum auth_code code;
	struct str user;    /* the account: an address in lower case */
	struct str mailbox; /* its Maildir */
	bool own_ids;       /* uid and gid are the account's own */
	uint32_t uid, gid;
	struct str data; /* base64: the challenge */
	struct str text; /* for people */
};

/* Connect to CHAINMAIL_RUN/auth; -1 and errno, code and text as for AUTH_FAIL.
 * a is initialised in both cases, and auth_close() is due. Needs
 * CALLS_CONNECT. */
int auth_open(struct auth *a);
enum auth_result auth_start(struct auth *a, const struct auth_request *r);
/* The client's next response, base64, may be empty. */
enum auth_result auth_continue(struct auth *a, struct span response);
/* The client gave up. */
enum auth_result auth_cancel(struct auth *a);
void auth_close(struct auth *a);

/* The code's word in authd's protocol. */
const char *auth_code_text(enum auth_code code);

/* The mechanisms to advertise, in their order, from i = 0 until NULL. tls: TLS
 * is on; local: the peer is this machine; cert: a client certificate was
 * verified. Without TLS a foreign peer gets none that shows the password. */
const char *auth_mechanism(size_t i, bool tls, bool local, bool cert);

#endif
