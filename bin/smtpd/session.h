/* One SMTP or LMTP session, and its server. */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include "base/io.h"
#include "mail/address.h"
#include "message.h"
#include "net/tls.h"
#include "os/proc.h"
#include "server.h"
#include "users/grant.h"

/* The state of a session; bits, so that a command can have several. */
enum state {
	START = 1, /* no HELO yet */
	READY = 2, /* between messages */
	MAIL = 4,  /* a sender, no recipient */
	RCPT = 8,  /* a sender and recipients */
	BDAT = 16, /* some chunks were received */
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
	struct proc_cpu cpu;
	enum state state;
	enum service service;
	bool ended;
	bool local;   /* the peer is this machine */
	bool tls;     /* TLS is on */
	bool trusted; /* logged in, in a network of `relay`, or a local user */
	bool esmtp;   /* EHLO or LHLO, not HELO */
	struct tls_session tls_facts;
	struct str helo;    /* the client's HELO name */
	struct str user;    /* the account, or uid:N of a local user; empty: not
			  * logged in */
	struct grant grant; /* of that account */

	struct id id; /* of the current message */
	struct envelope envelope;
	uint64_t declared; /* SIZE= of MAIL; 0: none */
	uint64_t asked;    /* RCPTs, accepted or not */
	struct message message;

	uint64_t errors; /* refused since the last message, of limits.errors */
	uint64_t idle;   /* without effect, of limits.idle_commands */
	unsigned logged; /* refusals since the last message */
	/* For the log, during MAIL or RCPT: its address, perhaps invalid; at is
	 * NULL otherwise. */
	struct span asked_from, asked_to;
};

/* One session on descriptors 0 and 1; arg is the struct server. The program's
 * exit code. */
int session_run(void *arg);

#endif
