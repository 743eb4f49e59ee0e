/* A folder's keywords: the file `keywords` in the format of Dovecot's
 * `dovecot-keywords`, "0 $Forwarded" LF …; number n is the letter 'a' + n. */
#ifndef STORE_KEYWORDS_H
#define STORE_KEYWORDS_H

#include "base/str.h"
#include "store/name.h"

struct keywords {
	struct str text;           /* the names, each ended by NUL */
	uint16_t at[KEYWORDS_MAX]; /* offset in text plus one; 0: none */
	uint8_t count;             /* one more than the highest number */
};

void keywords_init(struct keywords *k);
void keywords_free(struct keywords *k);
/* Read the folder's file (or dovecot-keywords when there is none). A line that
 * is not understood is skipped. */
int keywords_read(struct keywords *k, int dir);
/* The file's text, parsed: the parser itself, total. */
void keywords_parse(struct keywords *k, struct span text);
/* Name of number n, empty when there is none. */
struct span keywords_name(const struct keywords *k, unsigned n);
/* Number of a name (ASCII without case), or -1. */
int keywords_find(const struct keywords *k, struct span name);
/* Add a name and write the file; the caller holds the folder's lock and has
 * read the file anew. The number, or -1 and errno: ENOSPC when all 26 are
 * taken, EINVAL when it is no IMAP atom or over 100 bytes. */
int keywords_add(struct keywords *k, int dir, int tmp, struct span name);

#endif
