/* The history, for people and programs: one line for each finished recipient,
 * and the TLS sessions of `send`; a file a day (doc/formats.md). Written once a
 * turn and never synced: only the spool is authoritative. */
#ifndef HISTORY_H
#define HISTORY_H

#include "spool/state.h"

struct diary {
	int dir; /* -1: no history is kept */
	int fd;  /* of the day's file, -1: not open */
	struct str lines;
};

struct history {
	struct diary results, sessions;
	int64_t day;   /* since the epoch, of the open files */
	uint64_t keep; /* seconds */
};

/* Open the folders, creating missing ones; call it before the sandbox. */
void history_open(struct history *h, uint64_t keep);
/* Add a finished recipient; via: further details. */
void history_result(struct history *h, const char *id, const struct envelope *e,
    uint64_t size, const struct result *result, struct span via);
/* Add a line about a TLS session. */
void history_session(struct history *h, struct span line);
/* Write the pending lines. now: seconds of the epoch. */
void history_write(struct history *h, int64_t now);
/* Remove old files. */
void history_clean(struct history *h, int64_t now);

#endif
