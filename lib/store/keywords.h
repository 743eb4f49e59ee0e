/* A folder's keywords: the file `keywords` in the format of Dovecot's
 * `dovecot-keywords`, "0 $Forwarded" LF …; number n is the letter 'a' + n.
 *
 * A letter that no message of the folder uses may be given to another name, so
 * a letter's meaning is certain only under the folder's lock, or for a message
 * that was read after the file. */
#ifndef STORE_KEYWORDS_H
#define STORE_KEYWORDS_H

#include "base/str.h"
#include "store/name.h"
#include "store/store.h"

struct keywords {
	struct str text;           /* the names, each ended by NUL */
	uint16_t at[KEYWORDS_MAX]; /* offset in text + 1; 0: none */
	uint8_t count;             /* one more than the highest number */
};

void keywords_init(struct keywords *k);
void keywords_free(struct keywords *k);
/* Read the folder's file (or dovecot-keywords when there is none). Malformed
 * lines are skipped. */
int keywords_read(struct keywords *k, int dir);
/* Parse the file's text; accepts any input. */
void keywords_parse(struct keywords *k, struct span text);
/* Name of number n, empty when there is none. */
struct span keywords_name(const struct keywords *k, unsigned n);
/* Number of a name (ASCII without case), or -1. */
int keywords_find(const struct keywords *k, struct span name);
/* Add to *letters the letters of n names in a folder, creating missing ones.
 * When all 26 are taken, a name that no message uses and whose letter is not
 * yet in *letters is replaced. The caller holds the folder's lock and has just
 * re-read k. The file is written once, and only when every name has a letter.
 * -1 and errno: E2BIG when there are too few letters, EDOM for a name that is
 * no IMAP atom or over 100 bytes, or the file system's. */
int keywords_make(struct keywords *k, const struct maildir *m,
    const struct span *names, size_t n, uint32_t *letters);
/* How many more names can be created while messages use these letters. */
unsigned keywords_room(uint32_t used);
/* Letters that have another meaning, or none, in b. */
uint32_t keywords_differ(const struct keywords *a, const struct keywords *b);

#endif
