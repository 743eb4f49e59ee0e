/* A folder as it is on the disk, for people who ask whether all is well, and its
 * repair. Sessions may be at work meanwhile: the folder's lock is held while it is
 * read, and nothing that they rely on is taken away. */
#ifndef STORE_FOLDER_CHECK_H
#define STORE_FOLDER_CHECK_H

#include "store/store.h"

enum uids_state {
	UIDS_GOOD,
	UIDS_NONE, /* no session has opened the folder yet */
	UIDS_LOST, /* missing or damaged, though one has */
};
enum index_state {
	INDEX_GOOD, /* it says what the names say */
	INDEX_NONE, /* the next session makes one */
	INDEX_OLD, /* of another start of the kernel or another version: likewise */
	INDEX_BEHIND, /* names have changed since; the next session reads them */
	INDEX_WRONG,  /* damaged, or it takes itself for right, and is not */
};

struct folder_check {
	enum uids_state uids;
	const char
	    *takeover; /* whose UIDs the first session will take, or NULL */
	enum index_state index;
	uint32_t messages;
	uint64_t bytes;    /* of their files */
	uint32_t nameless; /* without a UID yet */
	uint32_t same;     /* with a UID that another one has too */
	uint32_t above;    /* with a UID that was not assigned here */
	uint32_t differ;  /* not as the index says; INDEX_WRONG, INDEX_BEHIND */
	uint32_t resized; /* of another size than their names say */
	uint32_t compressed; /* of these, by another server */
	uint32_t letters;    /* with a keyword's letter that has no name */
	uint32_t strays;     /* in new/ and cur/, but no messages */
	uint32_t leftovers;  /* of crashes: in tmp/, and parts of an index */
	const char *compression; /* of one of the compressed */
};

/* Look at a folder; nothing is changed, but that a missing cur, new or tmp of it is
 * made. -1 and errno: as folder_open(). */
int folder_check(
    const struct store *s, struct span mailbox, struct folder_check *c_r);
/* Give UIDs, settle which of two messages keeps one, make the index anew from the
 * names and remove leftovers. Nobody's \Recent is claimed, and open sessions
 * find each message again by its UID. -1 and errno: as folder_open(). */
int folder_rebuild(struct store *s, struct span mailbox);

#endif
