/* Ask authd who a client is: one SASL dialogue (RFC 4422). Messages stay in
 * base64, as in the client's protocol; nothing is decoded here.
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

/* The reason, which decides the reply in the client's protocol. */
enum auth_code {
	AUTH_CREDENTIALS, /* wrong name or password; also: no such user */
	AUTH_UNAVAILABLE, /* temporary: no authd, a broken database, timeout */
	AUTH_MALFORMED,   /* the client's data is wrong */
	AUTH_MECHANISM,   /* no such mechanism here */
	AUTH_PLAINTEXT,   /* a login needs TLS */
	AUTH_BUSY,        /* temporary: too many at once, or too many
			   * failures */
	AUTH_DISABLED,    /* the account may not log in */
	AUTH_CANCELLED,   /* the client sent "*" */
};

struct auth_request {
	struct span mechanism; /* in any case */
	const char *service;   /* smtp, imap, pop3, ... */
	const char *ip;        /* the client's address */
	bool local;            /* a local client: fact_is_local() */
	struct span tls;       /* protocol; empty: none */
	struct span binding;   /* of struct tls_session */
	struct span cert;      /* likewise */
	bool has_initial;      /* initial is present, perhaps empty ("=") */
	struct span initial;   /* base64 */
};

struct auth {
	struct io io;
	int sock; /* -1: not open */
	enum auth_code code;
	struct str user;    /* the account: an address in lower case */
	struct str mailbox; /* its Maildir */
	struct str login;   /* the login's word (users/logins.h) */
	struct str quota;   /* bytes, 0: none; empty when not given by authd */
	bool own_ids;       /* uid and gid are the account's own */
	uint32_t uid, gid;
	struct str data; /* base64: the challenge */
	struct str text; /* for people */
};

/* The state after an auth_open() that failed for this reason. Call auth_close()
 * afterwards. */
void auth_init(struct auth *a, enum auth_code code);
/* Connect to CHAINMAIL_RUN/auth; -1 and errno, code and text as for AUTH_FAIL.
 * a is initialised in both cases; call auth_close() afterwards. Needs
 * CALLS_CONNECT. */
int auth_open(struct auth *a);
enum auth_result auth_start(struct auth *a, const struct auth_request *r);
/* The client's next response, base64, may be empty. */
enum auth_result auth_continue(struct auth *a, struct span response);
/* The client gave up. */
enum auth_result auth_cancel(struct auth *a);
void auth_close(struct auth *a);

/* The name of the code in authd's protocol. */
const char *auth_code_text(enum auth_code code);

/* The mechanisms to advertise, in their order, from i = 0 until NULL. tls: TLS
 * is on; local: the peer is this machine; cert: a client certificate was
 * verified. Without TLS a foreign peer gets none. */
const char *auth_mechanism(size_t i, bool tls, bool local, bool cert);

#endif
