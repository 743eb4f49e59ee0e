/* What the files of login share. A connection has two processes: the keeper,
 * which asks tlsd and authd and becomes the session program, and the front,
 * which alone reads the network and can open nothing. They speak packets (one
 * record each):
 *	front: auth mech=… tag=… [name=…] [initial=…] · response data=… · cancel · tls
 *	keeper: more data=… · ok [data=…] · fail code=… · tls cert=0|1 + descriptor
 * After "ok" the front ends with 0, and the keeper goes on alone. */
#ifndef LOGIN_H
#define LOGIN_H

#include "base/io.h"
#include "net/auth.h"
#include "net/tls.h"
#include "os/conf.h"

enum {
	LINE_MAX_LOGIN = AUTH_DATA_MAX + 256,
	TAG_MAX = 128,
	LITERAL_MAX_LOGIN = 4096,
	COMMAND_MAX = 16384, /* a command with its literals */
	FAILURES_MAX = 5,    /* wrong passwords of one connection */
};

/* What the keeper knows from the start, once for all connections. */
struct login {
	int etc;
	struct str imapd, pop3d; /* paths */
};

/* One connection, seen by its front. */
struct front {
	struct io io;
	int keeper;
	bool imap;
	bool tls, local, cert;
	bool tls_possible;
	bool utf8; /* POP3: UTF8 was given (RFC 6856 2.1) */
	bool done; /* the session ends */
	struct limits limits;
	unsigned errors, idle, failures;
	struct str packet;
	struct str challenge; /* "+ …" of a dialogue */
	struct str name;      /* POP3: of USER */
};

/* Serve one connection, as the keeper: an exit code. arg: struct login. */
int keeper_session(void *arg);
/* Narrow this process to one mailbox and become the session program. */
struct heir {
	const char *program; /* path */
	bool imap, utf8;
	const char *tag;
	const struct auth *account;
};
_Noreturn void keeper_become(const struct heir *h);

/* Put on the sandbox and speak until the client is known or gone; the exit
 * code: 0 goes with an "ok". */
_Noreturn void front_run(struct front *f);
/* Read one line; what is too long or bare is answered with bad. False when the
 * session is over. */
bool front_line(struct front *f, size_t limit, struct span *line_r);
/* Say goodbye and end the session after this command. */
void front_end(struct front *f, const char *text);
/* The line begins with an HTTP verb: some web page has its reader's browser
 * speak to us. */
bool front_is_http(struct span line);
/* One SASL dialogue; AUTH_OK does not return. name is for the log. initial.at
 * is NULL when there is none. */
struct attempt {
	struct span mechanism, tag, name, initial;
};
enum auth_code front_authenticate(struct front *f, const struct attempt *a);
/* The same with a name and a password as PLAIN. */
enum auth_code front_password(
    struct front *f, struct span tag, struct span name, struct span password);
/* TLS from here on; ends the process if the handshake fails. */
void front_tls(struct front *f);
/* Passwords may be seen by nobody else here. */
bool front_is_private(const struct front *f);
/* The mechanisms that may be offered now, each after prefix. */
void front_mechanisms(
    const struct front *f, struct str *out, const char *prefix);

/* The two protocols: the greeting, then one command after the other. */
void imap_greet(struct front *f);
void imap_command(struct front *f);
void pop3_greet(struct front *f);
void pop3_command(struct front *f);

#endif
