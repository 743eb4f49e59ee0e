/* Mailboxes by name. Names are UTF-8 with '/' between levels; INBOX (any
 * case) is the Maildir itself. "Archive/2026" is the directory
 * ".Archive.2026" (Maildir++); letters outside ASCII are modified UTF-7 there,
 * and a '.' within a level is written &AC4-, as Courier does. No name leads
 * out of the Maildir: a directory's name always begins with '.', goes on with
 * a byte that is not '.', and holds no '/'. */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include "base/arena.h"
#include "store/store.h"

enum { MAILBOX_SEPARATOR = '/' };

enum {
	MAILBOX_EXISTS = 1,     /* else \NonExistent or \Noselect: a level
				 * above others, or only subscribed */
	MAILBOX_CHILDREN = 2,   /* has mailboxes below it */
	MAILBOX_SUBSCRIBED = 4, /* */
	MAILBOX_CHILD_SUBSCRIBED = 8,
	MAILBOX_NEW = 16,    /* new/ is not empty: \Marked */
	MAILBOX_SHARED = 32, /* another account's, or a level above those */
};

struct mailbox {
	struct span name; /* UTF-8, NUL-ended */
	unsigned state;   /* MAILBOX_… */
	unsigned uses;    /* USE_…, special_use.h */
};
/* Sorted: INBOX first, then by name with '/' before all else. */
struct mailbox_list {
	struct mailbox *at;
	size_t count;
	size_t size;
	struct arena names;
};

/* The name of the directory to create, "." for INBOX (replaced). False: not a
 * valid mailbox name (empty level, control character, not UTF-8, too long). */
bool mailbox_directory(struct span mailbox, struct str *dir_r);
/* The mailbox of a directory ("." is INBOX; replaced); false when it is not a
 * mailbox's. Other servers' directories may be named in UTF-8 or in a form of
 * modified UTF-7 that mailbox_directory() would not produce. */
bool mailbox_of_directory(struct span dir, struct str *mailbox_r);
/* A mailbox's directory: the one that mailbox_directory() names or, if it is
 * missing, another one for the same mailbox. 0 also when none exists; -1 and
 * errno EINVAL when the name is invalid. */
int mailbox_find(const struct store *s, struct span mailbox, struct str *dir_r);
/* Another account's folder of this name, or NULL. */
struct shared_folder;
const struct shared_folder *mailbox_shared(
    const struct store *s, struct span mailbox);
/* The name is in the namespace of others' folders, where this account makes
 * none. */
bool mailbox_is_others(const struct store *s, struct span mailbox);
/* What this account may do in a mailbox now (RIGHT_…, acl.h): everything in its
 * own, and in one that does not exist. */
unsigned mailbox_rights(const struct store *s, struct span mailbox);
/* The same has this right; or -1 and errno, EACCES, or ENOENT where it may not
 * even know that there is such a mailbox. */
int mailbox_may(const struct store *s, struct span mailbox, unsigned right);
/* What mailbox_find() has found is another account's folder: an absolute path. */
bool mailbox_is_foreign(const struct str *dir);
/* Explain to people why a mailbox can't be opened (EPERM, EACCES): which part
 * of its directory has which owner and mode, and the remedy (replaced). Also
 * logged, with the full path. */
void mailbox_fault(
    const struct store *s, struct span mailbox, struct str *text_r);

/* All mailboxes, the levels above them, and subscribed names; of others' folders
 * those with the right "l". A directory that
 * maps to no name is logged. mark: also check whether new/ is empty (two more
 * system calls each). Free the list with mailbox_list_free(). */
int mailbox_list(const struct store *s, bool mark, struct mailbox_list *l_r);
void mailbox_list_free(struct mailbox_list *l);

/* 0, or -1 and errno: EINVAL (no such name possible), EEXIST, ENOENT,
 * EPERM (INBOX can't be deleted), EACCES (another
 * account's, or it would be in the namespace of those), EAGAIN (locked too long), or the
 * file system's. */
int mailbox_exists(const struct store *s, struct span mailbox);
int mailbox_create(struct store *s, struct span mailbox);
/* The same with a file `metadata` in it of this text; len 0: none. */
int mailbox_create_with(
    struct store *s, struct span mailbox, struct span metadata);
/* Deletes the mailbox and its messages; mailboxes below it stay. */
int mailbox_delete(struct store *s, struct span mailbox);
/* Renames those below it too. RFC 3501 6.3.5: renaming INBOX moves its messages
 * into the new mailbox and leaves INBOX empty, with its children where they
 * are. EINVAL too when the new name is below the old one. */
int mailbox_rename(struct store *s, struct span from, struct span to);

/* Replaces the file `subscriptions` as a whole; a name need not exist. */
int mailbox_subscribe(struct store *s, struct span mailbox, bool on);

#endif
