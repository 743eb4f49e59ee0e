/* The table of commands. CAPABILITY and dispatch are both made from it, so
 * they can't disagree. */
#ifndef IMAPD_COMMAND_H
#define IMAPD_COMMAND_H

#include "session.h"

enum {
	SYNC_BEFORE = 1, /* tell other sessions' changes before it runs, */
	SYNC_AFTER = 2,  /* or when it has */
	SYNC_ALL = 4,    /* and expunges with them; else only for UID */
	UID_TOO = 8,     /* "UID name" is a command */
};

struct command {
	const char *name;
	void (*run)(struct session *s);
	unsigned in; /* states */
	unsigned flags;
	const char *capability; /* NULL: part of IMAP4rev1 */
};

/* Run the command whose name stands at the parser; gives an answer. */
void command_run(struct session *s);
/* Append "CAPABILITY IMAP4rev1 ...". */
void capability_add(struct str *out);

/* Each in the file of its family. */
void cmd_capability(struct session *s);
void cmd_noop(struct session *s);
void cmd_logout(struct session *s);
void cmd_id(struct session *s);
void cmd_enable(struct session *s);
void cmd_namespace(struct session *s);
void cmd_select(struct session *s);
void cmd_examine(struct session *s);
void cmd_close(struct session *s);
void cmd_unselect(struct session *s);
void cmd_check(struct session *s);
void cmd_expunge(struct session *s);
void cmd_create(struct session *s);
void cmd_delete(struct session *s);
void cmd_rename(struct session *s);
void cmd_subscribe(struct session *s);
void cmd_unsubscribe(struct session *s);
void cmd_list(struct session *s);
void cmd_lsub(struct session *s);
void cmd_status(struct session *s);
void cmd_append(struct session *s);
void cmd_idle(struct session *s);
void cmd_search(struct session *s);
void cmd_fetch(struct session *s);
void cmd_store(struct session *s);
void cmd_copy(struct session *s);
void cmd_move(struct session *s);

#endif
