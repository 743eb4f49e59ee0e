/* Notes that a worker writes before it answers, so that a result outlives the
 * queue-run that asked for it: one line per final result, in a file that
 * queue-run opened and the worker can only append to (doc/formats.md, Journal).
 * A line is valid only with its token, which only queue-run can make, so a
 * worker can report only on recipients given to it. */
#ifndef SPOOL_NOTE_H
#define SPOOL_NOTE_H

#include "base/str.h"
#include "spool/state.h"

enum {
	NOTE_KEY = 16,       /* bytes of the spool's key */
	NOTE_TOKEN = 16,     /* characters of a token */
	NOTES_MAX = 64 << 20 /* bytes read of a file */
};
struct note_key {
	unsigned char bytes[NOTE_KEY];
};
struct note_token {
	char text[NOTE_TOKEN + 1];
};

/* The token of one recipient of a message. */
struct note_token note_token(
    const struct note_key *key, struct span id, uint64_t index);

/* For workers. Append a line to out: the result of this recipient. Only final
 * ones are noted, except expansions (their places are not yet known elsewhere);
 * otherwise, and without a token, nothing is appended. */
void note_write(
    struct str *out, struct span id, struct span token, const struct result *r);
/* Append the lines to the file of notes by one write; -1 and errno. A worker
 * answers even if that fails. fd -1: no notes are kept. */
int note_add(int fd, struct span lines);

/* For queue-run. Take the next note off a line; false at its end. A line has
 * several when a full disk cut one of them. */
bool note_next(struct span *line, struct span *note_r);
/* Read a note: its message's id, and a result whose spans live in the arena.
 * False: it is malformed, or its token is wrong. */
bool note_parse(struct span line, const struct note_key *key, struct arena *a,
    struct id *id_r, struct result *r);

#endif
