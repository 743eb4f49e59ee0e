/* The files in which workers note their results (spool/note.h): the one passed
 * with jobs now, older ones of this process that may still be written to, and
 * those left by earlier processes. */
#ifndef NOTES_H
#define NOTES_H

#include "spool/note.h"

/* One file; locked while any process can write to it. */
struct notes_file {
	struct notes_file *after;
	int fd;
	uint64_t
	    number;    /* of this process' files, from 1; 0: an earlier one's */
	uint64_t read; /* bytes processed */
	bool finished; /* all processed, and no process can write to it any
		        * more */
	char name[ID_LEN + 1];
};

struct notes {
	int dir; /* -1: none are kept */
	struct note_key key;
	struct notes_file *current; /* NULL: none now */
	struct notes_file *old;
	uint64_t number;
	unsigned handed; /* jobs since its size was checked */
	struct str text; /* scratch, also */
	struct arena arena;
};

/* Open the folder and the key, creating missing ones; call it before the
 * sandbox. Ends the process without a key. */
void notes_open(struct notes *n);
/* Read the new notes of earlier processes' workers. take() is called with each;
 * if it returns -1, that note and the rest of its file are left for the next
 * time. */
void notes_read(struct notes *n,
    int (*take)(void *arg, const struct id *id, struct result *r), void *arg);
/* The taken notes are safe: remove completely read files that no process can
 * write to. */
void notes_taken(struct notes *n);
/* A file of an earlier process may still be written to. */
bool notes_are_open(const struct notes *n);
/* The descriptor to pass to a worker that has file number `has`; -1: none
 * needed. Starts a new file if there is none or the old one is large. number_r:
 * the file it has from now on. */
int notes_hand(struct notes *n, uint64_t has, uint64_t *number_r);
/* There are older files of this process. */
bool notes_are_left(const struct notes *n);
/* No outstanding job's worker has a file before this one, and its notes are
 * safe: remove older files of this process. */
void notes_drop(struct notes *n, uint64_t least);
/* Read the notes of this process's workers; then find the result of one
 * recipient in them. False: there is none. Its spans live in the arena. */
void notes_load(struct notes *n);
bool notes_find(struct notes *n, const char *id, uint64_t index,
    struct arena *a, struct result *r);
/* At the end; clean: no worker has a job, and all results are safe. */
void notes_close(struct notes *n, bool clean);

#endif
