/* The queue's journal: all lines appended to state files since the last
 * checkpoint, so that one fdatasync makes them durable (doc/formats.md,
 * Journal). Only the holder of queue-run's lock may use it. */
#ifndef SPOOL_JOURNAL_H
#define SPOOL_JOURNAL_H

#include "spool/spool.h"

struct journal {
	const struct spool *spool;
	int dir;          /* the spool's own */
	int fd;           /* open for appending; -1: not now */
	uint64_t size;    /* bytes of the file; */
	uint64_t limit;   /* above this size it is restarted */
	struct str lines; /* appended to state files, not synced */
	struct str text;  /* scratch */
	bool fresh;       /* renamed since the last sync */
	bool failed;      /* the last sync or write failed */
};

/* Add the lines of an earlier process that state files lack, and restart the
 * journal. -1 and errno: results are incomplete, and no message may be
 * touched. */
int journal_open(struct journal *j, const struct spool *s);
/* Sync, make the state files safe, and close. */
void journal_close(struct journal *j);
/* Append lines to a message's state file and to the journal. After 0 they are
 * in the state file, after journal_sync() they are safe. -1 and errno: they are
 * in neither. */
int journal_add(struct journal *j, const char *id, struct span lines);
/* 0: all added lines are safe; -1 and errno: call it again. Makes a checkpoint
 * when the file is large. */
int journal_sync(struct journal *j);
/* There are lines that are not safe yet. */
bool journal_is_open(const struct journal *j);

#endif
