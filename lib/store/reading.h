/* One reading of a folder's directories: the messages by UID; and assigning
 * UIDs to messages without one. Used by folder.c. */
#ifndef STORE_READING_H
#define STORE_READING_H

#include "store/folder.h"
#include "store/uids.h"

#define DATE_UNKNOWN INT64_MIN
#define SIZE_UNKNOWN UINT32_MAX

struct reading {
	struct message *at; /* sorted by UID; those without one (0) first */
	uint32_t count;
	uint32_t room;
	uint32_t left_out; /* by reading_give_uids(), and still there */
	struct str names;
};

/* Read new/ and cur/ (in this order: a file moves only from new to cur). */
int reading_make(struct reading *r, const struct maildir *m);
void reading_free(struct reading *r);
/* A message that the earlier reading has, by its UID, is not in this one. */
bool reading_lacks(const struct reading *r, const struct reading *earlier);
struct span reading_name(const struct reading *r, const struct message *m);
void reading_sort(struct reading *r);
/* Set a message's fields other than its UID from its name, which is stored in
 * names; the name's bytes may be there already. */
void message_read(struct message *m, struct str *names, const struct name *n,
    struct span file);

/* Assign UIDs, in their names, to messages without a valid one, and move
 * messages from new/ to cur/ (not when read_only). A UID is valid when it is
 * below u->next, in no other file's name, and either below `fresh` and in known,
 * or not below `fresh`. The caller holds the lock. Files that could not be
 * renamed are left out. -1 and errno when no UIDs could be had; EBADMSG: known is
 * damaged, nothing was done on disk, and the directories must be read again. */
struct giving {
	const struct maildir *dirs;
	const struct store *store;
	bool read_only;
	bool keep_out;       /* rename nothing: what has no UID is left out */
	struct index *known; /* NULL: nothing is */
	uint32_t known_count;
	uint32_t fresh;
};
int reading_give_uids(
    struct reading *r, const struct giving *how, struct uids *u);

#endif
