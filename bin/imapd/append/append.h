/* Messages of APPEND and REPLACE. Functions that return false have answered the
 * command, or the connection has ended. */
#ifndef IMAPD_APPEND_H
#define IMAPD_APPEND_H

#include "session.h"
#include "store/append.h"

enum {
	APPEND_MESSAGES = 1000, /* of one command */
	CATENATE_PARTS = 1000,  /* of one message */
};

struct incoming {
	struct span mailbox;
	struct append to;
	bool started;          /* `to` is in use */
	struct append_how how; /* of the current message */
	uint64_t size;         /* its bytes so far */
	struct folder other; /* of CATENATE's URLs; open: other_name.len > 0 */
	struct str other_name;
};

/* Take " " mailbox, and open it for messages. Call incoming_end() in any case. */
bool incoming_start(struct session *s, struct incoming *in);
/* Take and close one message: flags, date and data, after a space already
 * taken. */
bool incoming_message(struct session *s, struct incoming *in);
/* Take the end of the command, and put the messages into the mailbox. */
bool incoming_commit(
    struct session *s, struct incoming *in, uint32_t *uidvalidity_r);
/* Append "[APPENDUID validity uids]", if UIDPLUS is offered. */
void incoming_uids_add(const struct session *s, const struct incoming *in,
    uint32_t uidvalidity, struct str *out);
void incoming_end(struct incoming *in);

/* For append_data.c and catenate.c. */

/* Answer NO, by errno. */
void incoming_fail(struct session *s, const struct incoming *in);
/* The number of bytes that the message can still take. */
bool incoming_room(struct session *s, const struct incoming *in, uint64_t more);
/* Read the literal at the parser (a literal8 after '~') into the message, and the
 * line after it. */
bool incoming_literal(struct session *s, struct incoming *in);
/* Take the arguments after "CATENATE ", RFC 4469. */
bool incoming_catenate(struct session *s, struct incoming *in);

#endif
