/* `index.text` in a folder: which trigrams (mail/trigrams.h) the text of its
 * messages has, so that a search need not read the others. A cache: whoever
 * deletes, cuts or damages it makes searches slow, and nothing else.
 *
 * A header, then entries of different length, each with a CRC-32C of its own
 * and bound to a UID and its file's name. Nothing is synced.
 *
 * - It is read in pieces into memory, front to back, without a lock. The first
 *   entry that is not whole ends it: a writer was stopped there, or is at work.
 * - Writers hold a lock (fcntl) on the file. They go on behind the last entry
 *   that is whole, so two sessions may both add one of the same message.
 * - A new file without what is of no use any more is written under another
 *   name, then renamed. Who still has the old one open adds nothing to it. */
#ifndef STORE_INDEX_TEXT_H
#define STORE_INDEX_TEXT_H

#include "base/str.h"
#include "mail/trigrams.h"

/* An entry: sets of trigrams. */
struct text_entry {
	uint32_t uid;
	uint32_t name; /* a sum of the file's name, as folder_file() has it */
	bool any_field, any_body; /* any text may be there: the set is empty */
	struct span fields, body;
	struct span whole; /* the bytes of the entry */
};

struct index_text {
	int fd;  /* -1: there is none */
	int dir; /* the caller's */
	int new; /* the file that is to take its place, or -1 */
	uint64_t new_end;
	bool failed; /* it could not be written */
	uint32_t uidvalidity;
	uint32_t tables; /* a sum of those that text is decoded and folded by */
	uint32_t seed;   /* of sums */
	uint64_t end;    /* of the entries read so far */
	struct str window; /* bytes from at on, the first of which are read */
	size_t used;
	struct str pending; /* to be added */
};

/* Open the one in directory dir, which stays open; it is made when it is not
 * there, or damaged, or of another UIDVALIDITY. -1 and errno: there is none, or
 * another session is at it. */
int index_text_open(struct index_text *x, int dir, uint32_t uidvalidity);
void index_text_close(struct index_text *x);

/* The next entry, good until the next call; false: that was all. */
bool index_text_next(struct index_text *x, struct text_entry *e_r);
/* Read from the first one again. */
void index_text_rewind(struct index_text *x);

/* Add a message's; it is written some time before index_text_close(). It may be
 * lost: there is no error. */
void index_text_add(struct index_text *x, uint32_t uid, uint32_t name,
    const struct trigrams *fields, const struct trigrams *body);

/* Begin another file in place of this one: -1 and errno, EAGAIN: another session
 * writes. It is locked until the end, so nothing else is to be done between. */
int index_text_renew(struct index_text *x);
/* What is kept of the old one, as index_text_next() has it. */
void index_text_keep(struct index_text *x, const struct text_entry *e);
/* It takes the place, or nothing is changed. */
void index_text_renewed(struct index_text *x);

#endif
