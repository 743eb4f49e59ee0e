/* One authenticated POP3 session (RFC 1939, state TRANSACTION). Message
 * numbers are those of the moment the mailbox was opened; what other sessions
 * do to it changes none. */
#ifndef POP3D_SESSION_H
#define POP3D_SESSION_H

#include "base/io.h"
#include "os/conf.h"
#include "store/folder.h"

enum {
	MARK_DELETED = 1,
	MARK_READ = 2, /* sent whole: gets \Seen when the session ends */
};

struct session {
	struct io io;
	struct limits limits;
	struct folder folder;
	struct span user;            /* for the log and the quota's mark */
	unsigned char *marks;        /* one for each message */
	bool logged_in;              /* -l: the greeting answers PASS */
	bool ended;                  /* QUIT was said */
	uint64_t errors;             /* refused commands in a row */
	uint64_t retrieved, deleted; /* for the log */
};

/* Greet and serve until QUIT, the connection's end or a limit; an exit
 * code. */
int session_run(struct session *s);

/* "+OK text" and "-ERR text"; a code like [SYS/TEMP] belongs to the text. */
__attribute__((format(printf, 2, 3))) void reply_ok(
    struct session *s, const char *format, ...);
__attribute__((format(printf, 2, 3))) void reply_error(
    struct session *s, const char *format, ...);
/* "-ERR": another session removed this message, which is no fault of the
 * client's, however many there are. */
void reply_gone(struct session *s, uint32_t at);

#endif
