/* One authenticated POP3 session (RFC 1939, state TRANSACTION). Message numbers
 * are those of the moment the mailbox was opened; changes by other sessions
 * don't affect them. */
#ifndef POP3D_SESSION_H
#define POP3D_SESSION_H

#include "base/io.h"
#include "os/conf.h"
#include "os/proc.h"
#include "store/folder.h"
#include "users/grant.h"

enum {
	MARK_DELETED = 1,
	MARK_READ = 2, /* completely sent: \Seen when the session ends */
};

struct command;

struct session {
	const struct command *commands; /* ends with one without a name */
	struct io io;
	struct limits limits;
	struct proc_cpu cpu;
	struct folder folder;
	int mark;                    /* of the user's full mailbox; -1: none */
	struct grant grant;          /* what the login of user is based on */
	struct span user;            /* for the log and the quota's mark */
	unsigned char *marks;        /* one for each message */
	unsigned char *ends;         /* likewise; see retrieve_size() */
	bool looked;                 /* some of them the index has not */
	bool logged_in;              /* -l: the greeting answers PASS */
	bool ended;                  /* QUIT was received */
	uint64_t errors;             /* refused commands in a row */
	uint64_t retrieved, deleted; /* for the log */
};

/* Greet and serve until QUIT, the connection's end or a limit; an exit
 * code. */
int session_run(struct session *s);

#endif
