/* One authenticated IMAP session. */
#ifndef IMAPD_SESSION_H
#define IMAPD_SESSION_H

#include "os/conf.h"
#include "parse.h"
#include "store/folder.h"

enum state {
	AUTHENTICATED = 1, /* no mailbox is selected */
	SELECTED = 2,
	LOGGED_OUT = 4,
};

enum result { RESULT_OK, RESULT_NO, RESULT_BAD };

struct session {
	struct io io;
	struct arena arena; /* of the running command */
	struct parser parser;
	struct store store;
	struct folder folder; /* open in state SELECTED */
	struct limits limits;
	enum state state;
	bool uid;         /* the running command is a UID command */
	struct span tag;  /* of the running command */
	struct str reply; /* what follows the tag: "OK text" */
	struct str text;  /* scratch for one untagged response */
	const char *user;
	unsigned errors; /* commands refused in a row */
};

/* Run the session to its end. tag: login's, NULL for PREAUTH. */
void session_run(struct session *s, const char *tag);

/* The answer of the running command; a later one replaces it. The text begins
 * with a response code in brackets where there is one. */
__attribute__((format(printf, 3, 4))) void answer(
    struct session *s, enum result r, const char *format, ...);
/* BAD, with what is known of why. */
void answer_syntax(struct session *s);
/* NO, with RFC 5530's code for errno. what: "copy", "create". */
void answer_errno(struct session *s, const char *what);

/* Arguments that many commands have. */
/* A mailbox's name, decoded to UTF-8 (INBOX in its one form). False: the
 * answer is given. */
bool session_mailbox(struct session *s, struct span *name_r);
/* " " and the end. False: the answer is given. */
bool session_end(struct session *s);
/* Append a mailbox's name as it goes on the wire. */
void mailbox_name_add(struct str *out, struct span name);

/* The chosen messages: indices into folder.messages, ascending. */
struct chosen {
	uint32_t *at;
	size_t count;
};
/* A sequence set, by UIDs in a UID command. False: the answer is given. */
bool session_messages(struct session *s, struct chosen *c_r);

/* Look at the folder and tell the client what is new. */
void session_sync(struct session *s, bool expunges);
/* Before a long wait: write out what waits, and give memory back to the system,
 * so that an idle session is small. */
void session_rest(struct session *s);
/* Close the selected folder, if any. */
void session_unselect(struct session *s);

#endif
