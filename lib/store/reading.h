/* One reading of a folder's directories: what is there, by UID. Used by
 * folder.c and what gives UIDs. */
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
	struct str names;
};

/* Read new/ and cur/ (in this order: a file moves only from new to cur). */
int reading_make(struct reading *r, const struct maildir *m);
void reading_free(struct reading *r);
struct span reading_name(const struct reading *r, const struct message *m);
void reading_sort(struct reading *r);
/* Set what a message has besides its UID from its name, which is kept in
 * names; the bytes of the name may lie there already. */
void message_read(struct message *m, struct str *names, const struct name *n,
    struct span file);

/* Give UIDs to those that have none or not a valid one, and move what is in
 * new/ to cur/ (not when read_only). A UID is valid when it is below
 * u->next, the first of its kind, and either below `fresh` and in known (a
 * sorted array), or not below it. The caller holds the lock. What could not be
 * named is left out. -1 and errno when no UIDs could be had. */
struct naming {
	const struct maildir *dirs;
	const struct store *store;
	bool read_only;
	const struct message *known;
	uint32_t known_count;
	uint32_t fresh;
};
int reading_name_all(
    struct reading *r, const struct naming *how, struct uids *u);

/* The folder's uids file is there afterwards: made, with the UIDs of Dovecot,
 * Courier or mbsync, if it wasn't. The caller holds the lock. */
int uids_ensure(
    const struct maildir *m, const struct store *s, struct uids *u_r);

/* Rename; ENOENT, EEXIST … A name is never replaced. */
int name_change(int from_dir, const char *from, int to_dir, const char *to);

#endif
