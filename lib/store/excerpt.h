/* The excerpts of a folder's messages: `index.content`, the second half of its
 * index. What clients ask most, as it was made of the message's file when a session
 * first read it, so that the file need not be opened again. A cache as the index is:
 * whoever deletes, cuts or damages the file costs the next session a reading of the
 * messages, and nothing else.
 *
 * The file begins with a start that names its generation; the index's header has the
 * same number. Then come excerpts, each a multiple of 8 bytes, appended; a record of
 * the index (index.h) says where its message's is. Numbers are in the machine's own
 * order.
 *
 * - Readers map a part of the file and take no lock. The head of an excerpt has a sum
 *   that is good for its own place of its own generation alone, and one of each part;
 *   it says which message it is of. Whatever is wrong with it: there is none. All is
 *   copied before it is believed: a session whose index was taken away reads where
 *   one with a new index writes.
 * - Writers hold folder.lock: first the excerpts, by pwrite(2) behind the last one that
 *   the header tells of, then the records, then the header. kill -9 between two of
 *   them: bytes that nobody points to, which the next writer overwrites.
 * - When the index is made anew (it was damaged, or the machine has started again)
 *   the excerpts are taken over, each checked by its sums: nothing is synced, so the
 *   last ones may be missing.
 * - A message whose file gets another name than flags and sizes explain, or another
 *   size, loses its excerpt (folder_read.c).
 */
#ifndef STORE_EXCERPT_H
#define STORE_EXCERPT_H

#include "store/index.h"

/* Parts of an excerpt: what they hold is their maker's business (another content:
 * another EXCERPT_VERSION). */
enum excerpt_part {
	EXCERPT_NAME, /* of its file, up to the first ',' or ':' */
	EXCERPT_ENVELOPE,
	EXCERPT_BODY,
	EXCERPT_BODYSTRUCTURE,
	EXCERPT_FIELDS, /* of the header */
	EXCERPT_KEYS,   /* for sorting and threading */
	EXCERPT_TEXTS,  /* for searching */
	EXCERPT_PARTS
};
enum {
	EXCERPT_MAX = 64 * 1024, /* bytes; a longer one is not kept */
	EXCERPT_PLACE = 8,       /* the unit of places */
};

struct excerpts {
	int fd; /* -1: there is none */
	uint64_t generation;
	uint64_t missing; /* a generation that could not be opened */
	const char *map;  /* a part of the file, from map_at on */
	size_t map_size;
	uint64_t map_at;
};

/* One message's, in a copy: whatever becomes of the file and its mapping, it stays as
 * it is when its sums are looked at. */
struct excerpt {
	const char *parts; /* NULL: there is none */
	uint32_t len[EXCERPT_PARTS], sum[EXCERPT_PARTS];
};

void excerpts_init(struct excerpts *x);
void excerpts_close(struct excerpts *x);
/* Keep no more of the file mapped. */
void excerpts_unmap(struct excerpts *x);
/* Open the file in dir, if it is of this generation. */
bool excerpts_open(struct excerpts *x, int dir, uint64_t generation);
/* The one that this record points to, good as long as its copy is; false: there is
 * none, or it is of another message, or damaged. */
bool excerpt_read(struct excerpts *x, const struct index_record *r,
    uint32_t uidvalidity, struct str *copy, struct excerpt *e_r);
/* A part of it; false: it has none, or it is damaged. */
bool excerpt_take(
    const struct excerpt *e, enum excerpt_part part, struct span *bytes_r);

/* Append an excerpt of the message of this record, with these parts (at NULL: without
 * that one). False, and nothing appended: it would be too long. */
bool excerpts_add(struct str *out, const struct index_record *r,
    uint32_t uidvalidity, const struct span parts[EXCERPT_PARTS]);

/* Writing, under the folder's lock, with an index that was begun. */

/* The file of the index is open; another one is made where there is none. -1 and
 * errno. */
int excerpts_begin(struct excerpts *x, struct index *ix, int dir);
/* Write what excerpts_add() has made behind all others. Where it went, in places;
 * records are the caller's to set (excerpt_set()). -1 and errno. */
int excerpts_write(struct excerpts *x, struct index *ix, struct str *excerpts,
    uint32_t *place_r);
/* The record points to it from now on; len 0: to none. */
void excerpt_set(
    struct index *ix, struct index_record *r, uint32_t place, uint32_t len);
/* The index was made anew from the names: records point again to what the file in dir
 * has of their messages, by UID, size and name, as far as it is whole. */
void excerpts_adopt(struct excerpts *x, struct index *ix, int dir);
/* More of the file is of no use than is. */
bool excerpts_are_worn(const struct index_header *h);
/* Another file with those alone that records point to. -1 and errno. */
int excerpts_compact(struct excerpts *x, struct index *ix, int dir);

#endif
