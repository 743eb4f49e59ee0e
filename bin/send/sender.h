/* The state of a send process, for all its jobs. */
#ifndef SEND_SENDER_H
#define SEND_SENDER_H

#include "conn.h"
#include "dial.h"
#include "net/route.h"
#include "net/route_auth.h"
#include "net/tls_client.h"
#include "os/conf.h"
#include "os/proc.h"

/* Longest waits in ms, RFC 5321 4.5.3.2, all in proportion to send-time. */
struct patience {
	int connect;
	int reply; /* greeting, EHLO, MAIL, RCPT: 5 minutes */
	int data;  /* the answer to DATA: 2 minutes */
	int block; /* one write of the message: 3 minutes */
	int end;   /* the answer to the dot: 10 minutes */
	int all;   /* a message's MAIL, RCPT and DATA together: an hour, against
		    * hosts that stall */
};

struct sender {
	int etc;
	struct str me;
	struct limits limits;
	struct patience patience;
	struct dns *dns;
	struct routes *routes;
	struct route_auth *auths;
	struct tls_rules *rules;
	struct tls_client *tls;
	struct conn conn;    /* kept between jobs */
	struct proc_cpu cpu; /* renewed for each */
	struct dead_list dead;
	struct str sessions; /* lines for TLS reports */
	int notes;           /* a worker's, from queue-run; -1: none */
	/* A worker's: readable when it must end, after SIGTERM to it or its
	 * parent; -1: none. */
	int signals, ending;
	/* By hand: the route comes from the command line. */
	struct route *forced;
	bool quiet; /* suppress the log */
};

/* Read the configuration, start the TLS library. */
void sender_open(struct sender *s);
void sender_close(struct sender *s);
/* The worker must end and begins nothing new. */
bool sender_is_ending(const struct sender *s);
/* parent: the sandbox of the forking process, else that of a session. */
void sender_sandbox(bool parent);
void sender_narrow(void);

/* hello.c: greeting, EHLO, TLS and login on a connected c, whose rule is found.
 * False: the host can't be used, r has the reason. *plain_r: the handshake of
 * an optional TLS failed, and the next attempt may be in plain text. */
bool hello_run(struct sender *s, const struct route *route, bool no_tls,
    struct arena *a, struct result *r, bool *plain_r);
/* auth.c: log in (RFC 4954). */
bool auth_run(struct sender *s, const struct route *route, struct arena *a,
    struct result *r);
/* starttls.c: the handshake. False and r->set: it failed. */
bool starttls_run(struct sender *s, struct arena *a, struct result *r);

/* transaction.c: send the job over the connection. Recipients get their
 * results. False: the connection ended with recipients undecided; r has the
 * reason. */
bool transaction_run(struct sender *s, struct job *j, struct result *r);

/* attempt.c: give every recipient of the job a result. */
void attempt_run(struct sender *s, struct job *j);

/* worker.c: serve jobs on descriptor 0. */
int worker_run(struct sender *s);
/* oneshot.c: one message by hand. */
extern const char oneshot_help[]; /* what --help prints */
int oneshot_run(struct sender *s, int argc, char **argv);

#endif
