/* The table of commands. CAPABILITY and dispatch both use it, so they can't
 * disagree. */
#ifndef IMAPD_COMMAND_H
#define IMAPD_COMMAND_H

#include "session.h"

enum {
	SYNC_BEFORE = 1, /* report other sessions' changes before it runs, */
	SYNC_AFTER = 2,  /* or after it */
	SYNC_ALL = 4,    /* including expunges; else only for UID */
	UID_TOO = 8,     /* "UID name" is a command */
	CORE = 16,       /* it stays when its capabilities are left out */
};

struct command {
	const char *name;
	void (*run)(struct session *s);
	unsigned in; /* states */
	unsigned flags;
	/* Those that it stands for; where the first is left out the command
	 * is too, unless CORE. NULL: part of IMAP4rev1. */
	const char *capability;
};

/* All commands, which main passes to the session; the last has no name. */
extern const struct command commands[];

/* Run the command whose name is next in the parser; sets an answer. */
void command_run(struct session *s);
/* Append "CAPABILITY IMAP4rev1 ...": those that are offered. */
void capability_add(const struct session *s, struct str *out);

/* Defined in the file of each command's family. */
void cmd_capability(struct session *s);
void cmd_noop(struct session *s);
void cmd_logout(struct session *s);
void cmd_id(struct session *s);
void cmd_compress(struct session *s);
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
void cmd_setacl(struct session *s);
void cmd_deleteacl(struct session *s);
void cmd_getacl(struct session *s);
void cmd_listrights(struct session *s);
void cmd_myrights(struct session *s);
void cmd_getquota(struct session *s);
void cmd_getquotaroot(struct session *s);
void cmd_setquota(struct session *s);
void cmd_getmetadata(struct session *s);
void cmd_setmetadata(struct session *s);
void cmd_notify(struct session *s);
void cmd_append(struct session *s);
void cmd_replace(struct session *s);
void cmd_idle(struct session *s);
void cmd_search(struct session *s);
void cmd_esearch(struct session *s);
void cmd_sort(struct session *s);
void cmd_thread(struct session *s);
void cmd_cancelupdate(struct session *s);
void cmd_uidbatches(struct session *s);
void cmd_fetch(struct session *s);
void cmd_store(struct session *s);
void cmd_copy(struct session *s);
void cmd_move(struct session *s);

#endif
