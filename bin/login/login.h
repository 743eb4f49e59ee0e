/* Shared by the files of login. A connection has two processes: the privileged
 * parent, which asks tlsd and authd and becomes the session program, and the
 * front, which alone reads the network and can open nothing. They exchange
 * packets (one record each):
 *	front: auth mech=… tag=… [name=…] [initial=…] · response data=… · cancel · tls
 *	parent: more data=… · ok [data=…] · fail code=… · tls cert=0|1 + descriptor
 * After "ok" the front ends with 0, and the privileged parent goes on alone. */
#ifndef LOGIN_H
#define LOGIN_H

#include "net/auth.h"
#include "net/tls.h"
#include "os/conf.h"
#include "os/journald.h"

/* The privileged parent's initial state, for all connections. */
struct login {
	int etc;
	struct limits limits;
	struct conf_stamp stamp; /* of the file limits */
	struct str imapd, pop3d; /* paths */
	struct journald imapd_log, pop3d_log;
	struct tls_place tls;
};

/* Serve one connection, as the privileged parent: an exit code. arg: struct
 * login. */
int parent_session(void *arg);
/* Narrow this process to one mailbox and become the session program. */
struct session_exec {
	const char *program; /* path */
	const struct journald *log;
	bool imap, utf8;
	bool shared; /* ACL is offered */
	int etc;
	const char *tag;
	const struct auth *account;
};
_Noreturn void session_exec(const struct session_exec *e);
/* What others share with the account; the directories are open. */
struct shared;
void session_shared(const struct session_exec *e, struct shared *r);

#endif
