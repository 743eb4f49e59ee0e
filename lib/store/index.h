/* The index of a folder: two files beside `folder.lock` that say what the names
 * in new/ and cur/ said when they were read. A cache: whoever deletes, cuts or
 * damages them costs the next session a reading of the directories, and nothing
 * else.
 *
 * `index` is a page with the header, then records of 64 bytes in the order of
 * UIDs; `index.names` is 16 bytes that name its generation, then the names up to
 * the ':', which the records point to. Numbers are in the machine's own order.
 *
 * - Readers map both files and take no lock. The header and each record carry a
 *   CRC-32C; one that is wrong was torn by a writer, and is read again; if it is
 *   wrong still it is damaged, and the folder makes another index.
 * - Writers hold folder.lock and write by pwrite(2), never by the mapping, names
 *   before records, records before the header. kill -9 between two of them: the
 *   header then says other times than the directories have (folder.h), and the
 *   next session compares each record with its name.
 * - A generation is two files that are written whole under other names and then
 *   renamed; the old header is marked. Sessions that still have it mapped go on
 *   by UID. Nothing is synced: an index of another start of the kernel is not
 *   believed.
 * - Where files can't be written the index is in memory of this process alone
 *   (memfd), in the same form.
 * - A mapped file that somebody cuts raises SIGBUS; a handler puts zeros there,
 *   whose CRC is wrong. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "base/str.h"
#include "store/name.h"

enum {
	INDEX_DEAD = 1 << 26, /* the file is no more */
	INDEX_NEW = 1 << 27,  /* it is in new/, not in cur/ */
	INDEX_INFO =
	    1 << 28, /* the name ends in ":2," and the letters, sorted */
	INDEX_WHOLE =
	    1 << 29, /* the whole name is kept, for it ends otherwise */
};

/* How a file ends, for who sends it line by line. */
enum {
	ENDS_KNOWN = 1,
	ENDS_NO_LF = 2,     /* its last line has no LF, … */
	ENDS_NO_CR = 4,     /* … and no CR either */
	ENDS_NO_HEADER = 8, /* it is all header, without the empty line */
	ENDS_ALL = 15,
};

struct index_record {
	uint32_t uid;
	uint32_t flags; /* FLAG_… and INDEX_… */
	uint32_t keywords;
	uint32_t size, wire; /* as struct message has them */
	uint32_t name;       /* offset in index.names */
	uint64_t modseq;     /* of the last change of flags or keywords, or of
			      * the expunge */
	int64_t date;
	uint16_t name_len;
	uint16_t ends; /* ENDS_…, 0: not known */
	uint32_t name_crc;
	/* Its excerpt (excerpt.h): where in index.content, in units of 8 bytes; its
	 * length; the low half of that file's generation. 0: there is none. */
	uint32_t excerpt, excerpt_len, excerpt_of;
	uint32_t crc; /* of all before it, for this row of this generation */
};
_Static_assert(sizeof(struct index_record) == 64, "a record is 64 bytes");

struct index_stamp {
	int64_t seconds, nanoseconds;
};

struct index_header {
	char magic[16];
	char boot[16]; /* see uids.h */
	uint32_t version;
	uint32_t header_size;
	uint64_t generation; /* random */
	uint64_t modseq;     /* the highest */
	uint64_t expunged;   /* that of the last expunge */
	uint64_t forgotten;  /* that of the last one without a dead record */
	uint64_t lettered;   /* that of the last change of `keywords` */
	/* What it reflects: the times of the directories when they were read,
	 * and the number in folder.lock (changes.h). */
	struct index_stamp at_new, at_cur;
	uint64_t noted;
	uint64_t wire; /* sum, of all whose wire is known */
	/* Of index.content: its generation (0: there is none), where the next
	 * excerpt goes, and the bytes before it that no record points to. */
	uint64_t content, content_end, content_unused;
	uint16_t new_trusted; /* see struct folder_stamp */
	uint16_t cur_trusted;
	uint32_t left_out; /* files that could not get their UID */
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint32_t count;        /* of records */
	uint32_t dead;         /* how many of them are */
	uint32_t unseen;       /* how many live ones are without \Seen, … */
	uint32_t deleted;      /* … with \Deleted, … */
	uint32_t unmeasured;   /* … or of unknown wire size */
	uint32_t first_unseen; /* no live row before it is without \Seen */
	uint32_t first_dead;   /* no row before it is dead */
	uint32_t letters_crc;  /* of the names of keywords */
	uint32_t names_len;    /* of index.names */
	uint32_t names_unused; /* bytes of it that no record names */
	uint32_t replaced;     /* another generation took its place */
	uint32_t crc;          /* of all before it */
};

struct index {
	int fd, names_fd; /* -1: there is none */
	bool private;     /* in memory */
	bool broken;      /* a write failed: it is not to be used any more */
	const char *map, *names;
	size_t map_size, names_size;
	uint64_t generation;
	/* Of who writes: */
	struct index_header now; /* the header, not written while dirty */
	bool dirty;
	uint64_t tick;   /* the modseq of what is done under this lock */
	struct str rows; /* records to come, from row first on */
	uint32_t rows_first;
	struct str new_names; /* names to come */
};

void index_init(struct index *ix);
/* Unmap and close; it is as after index_init(). errno stays. */
void index_close(struct index *ix);

/* Open the files in directory dir. False: there are none, or they are of another
 * version, start of the kernel or generation, or damaged. */
bool index_open(struct index *ix, int dir, const char *boot);
/* An undamaged header that index_open() refuses: of another start of the kernel or
 * another version. */
bool index_is_old(const struct index_header *h, const char *boot);
/* Only the header of the files in dir, without mapping anything; false as of
 * index_open(), or if it was just being written. */
bool index_peek(int dir, const char *boot, struct index_header *h_r);
/* The names in dir stand for these files. */
bool index_is_named(const struct index *ix, int dir);
/* The header as it is now; false, and nothing set: there is none, or it is
 * damaged. */
bool index_header(const struct index *ix, struct index_header *h_r);
/* One record, below the count of a header that was read, and no buffered one;
 * false: damaged. */
bool index_record(struct index *ix, uint32_t row, struct index_record *r_r);
/* Append the name of its file; false: damaged. */
bool index_name(
    struct index *ix, const struct index_record *r, struct str *name_r);
/* The first row of those below count with at least this UID; false: damaged. */
bool index_find(
    struct index *ix, uint32_t count, uint32_t uid, uint32_t *row_r);

/* Writing, under the folder's lock. */

/* An empty one, of no name yet, or (private) in memory. -1 and errno. */
int index_create(struct index *ix, int dir, const char *boot, bool private);
/* Give the files their names; the header is written. -1 and errno. */
int index_install(struct index *ix, int dir);
/* The files in dir are not to be believed, were they whole again. */
void index_remove(int dir);
/* Nobody shall believe it any more. */
void index_retire(struct index *ix);
/* Take its header as what index_put() and the like go on from. False: damaged. */
bool index_begin(struct index *ix);
/* The modseq of all that is changed under this lock. */
uint64_t index_tick(struct index *ix);
/* Set the record's name, from its flags and keywords and that of the file. What
 * it had is kept where that says the same. -1 and errno. */
int index_set_name(struct index *ix, struct index_record *r, struct span file);
/* Write a record in place of old, which is what the row has; NULL: behind all
 * others (buffered until index_flush()). The header's sums are kept. -1 and
 * errno: broken. */
int index_put(struct index *ix, uint32_t row, const struct index_record *old,
    struct index_record *r);
/* Only the record's excerpt has changed: its row is written with those before it,
 * when it is the next one. -1: broken. */
int index_put_excerpt(struct index *ix, uint32_t row, struct index_record *r);
/* Write what is buffered; then the header, if it is dirty, too. -1: broken. */
int index_flush(struct index *ix);
int index_commit(struct index *ix);
/* Set the sums to nothing, and count one record of them anew. */
void index_sums_clear(struct index_header *h);
void index_sums_add(
    struct index_header *h, uint32_t row, const struct index_record *r);
/* So much of it is dead that it is worth a new one. */
bool index_is_worn(const struct index_header *h);
/* A new generation without what is dead, in place of old, whose names are in
 * dir; old is closed. -1 and errno: old is as it was. */
int index_compact(struct index *old, int dir, const char *boot);

#endif
