/* Notes that a worker writes before it answers (lib/spool/note.h, included only
 * here, as it has another struct result). */
#ifndef SEND_NOTES_H
#define SEND_NOTES_H

#include "base/str.h"

/* The result of one recipient. */
struct note {
	struct span id, token;
	uint64_t index;
	int verdict;
	struct span status, host, text;
	bool reply, dsn, action;
};

/* Bytes that a file of notes may have. */
extern const uint64_t notes_size_max;

/* Append a line, if the result is final and there is a token for it. */
void notes_append(struct str *lines, const struct note *n);
/* Write them all at once; does nothing without lines or fd. */
void notes_write(int fd, struct span lines);

#endif
