/* One SMTP or LMTP session, and what it has of the server around it. */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include "base/io.h"
#include "mail/address.h"
#include "message.h"
#include "net/tls.h"
#include "server.h"

/* Where a session stands; bits, so that a command can name several. */
enum state {
	START = 1, /* no HELO yet */
	READY = 2, /* between messages */
	MAIL = 4,  /* a sender, no recipient */
	RCPT = 8,  /* a sender and recipients */
	BDAT = 16, /* some chunks of the message are here */
};

enum service {
	MX = 1,
	SUBMISSION = 2,
	SUBMISSIONS = 4, /* TLS from the first byte */
	LMTP = 8,
	LOCAL = 16, /* a Unix socket: users of this machine */
};

struct session {
	struct server *server;
	struct io io;
	enum state state;
	enum service service;
	bool ended;
	bool local;   /* the peer is this machine */
	bool tls;     /* TLS is on */
	bool trusted; /* logged in, in a network of `relay`, or a local user */
	bool esmtp;   /* EHLO or LHLO, not HELO */
	struct tls_session tls_facts;
	struct str helo; /* what the client calls itself */
	struct str user; /* the account, or uid:N of a local user; empty: not
			  * logged in */

	struct id id; /* of the message under way */
	struct envelope envelope;
	uint64_t declared; /* SIZE= of MAIL; 0: none */
	uint64_t asked;    /* RCPTs, accepted or not */
	struct message message;

	uint64_t errors; /* refused since the last message, of limits.errors */
	uint64_t idle;   /* without effect, of limits.idle_commands */
	unsigned logged; /* refusals that were logged */
};

/* One session on descriptors 0 and 1; arg is the struct server. The program's
 * exit code. */
int session_run(void *arg);
/* Forget the message under way. */
void session_reset(struct session *s);
/* Say 421 and end. */
void session_close(struct session *s, const char *status, const char *text);
/* Give the next command its time. */
void session_wait(struct session *s);
/* RFC 3207 4.2: what was known before TLS is forgotten. */
void session_forget(struct session *s);

/* "CODE STATUS text". From 400 on it is logged, from 500 on it counts as an
 * error. */
__attribute__((format(printf, 4, 5))) void reply(
    struct session *s, int code, const char *status, const char *format, ...);

/* Run one command line. */
void command_run(struct session *s, struct span line);
/* Lines of EHLO. */
void command_advertise(const struct session *s, struct str *keywords);
void command_help(struct session *s);

/* The commands; each in the file of its name. */
void hello_helo(struct session *s, struct span argument);
void hello_ehlo(struct session *s, struct span argument);
void mail_run(struct session *s, struct span argument);
void rcpt_run(struct session *s, struct span argument);
void data_run(struct session *s, struct span argument);
void bdat_run(struct session *s, struct span argument);
void auth_run(struct session *s, struct span argument);
void starttls_run(struct session *s, struct span argument);

/* The words behind AUTH in EHLO. */
bool auth_advertise(const struct session *s, struct str *words);
bool starttls_offered(const struct session *s);
/* Implicit TLS, before the greeting; false: the connection is lost. */
bool starttls_now(struct session *s);

#endif
