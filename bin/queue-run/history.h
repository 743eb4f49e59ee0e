/* What is kept for people and programs to read: one line for each recipient
 * that is finished, and the TLS sessions of `send`; a file a day
 * (doc/formats.md). Written once a turn and never synced: the spool decides,
 * these only tell. */
#ifndef HISTORY_H
#define HISTORY_H

#include "spool/state.h"

struct diary {
	int dir; /* -1: nothing is kept */
	int fd;  /* of the day's file, -1: not open */
	struct str lines;
};

struct history {
	struct diary results, sessions;
	int64_t day;   /* since the epoch, of the open files */
	uint64_t keep; /* seconds */
};

/* Open the folders, made if missing; to be called before the sandbox. */
void history_open(struct history *h, uint64_t keep);
/* A recipient that is finished; via: further words about how. */
void history_result(struct history *h, const char *id, const struct envelope *e,
    uint64_t size, const struct result *result, struct span via);
/* A line about a TLS session. */
void history_session(struct history *h, struct span line);
/* Write what has gathered. now: seconds of the epoch. */
void history_write(struct history *h, int64_t now);
/* Remove the files that are too old. */
void history_clean(struct history *h, int64_t now);

#endif
