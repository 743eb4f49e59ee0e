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
	MAILBOX_CHILDREN = 2,   /* others are below it */
	MAILBOX_SUBSCRIBED = 4, /* */
	MAILBOX_CHILD_SUBSCRIBED = 8,
	MAILBOX_NEW = 16, /* something is in new/: \Marked */
};

struct mailbox {
	struct span name; /* UTF-8, NUL-ended */
	unsigned state;   /* MAILBOX_… */
};
/* Sorted: INBOX first, then by name with '/' before all else. */
struct mailbox_list {
	struct mailbox *at;
	size_t count;
	size_t size;
	struct arena names;
};

/* The directory's name, "." for INBOX (replaced). False: not a name for a
 * mailbox (empty level, control character, not UTF-8, too long). */
bool mailbox_directory(struct span mailbox, struct str *dir_r);
/* The mailbox of a directory ("." is INBOX; replaced); false when it is
 * none. */
bool mailbox_of_directory(struct span dir, struct str *mailbox_r);
/* "\\Sent" for Sent and so on (RFC 6154), or NULL. */
const char *mailbox_special_use(struct span mailbox);

/* All mailboxes, the levels above them, and subscribed names. mark: look
 * whether new/ holds something (two more calls each). Free it. */
int mailbox_list(const struct store *s, bool mark, struct mailbox_list *l_r);
void mailbox_list_free(struct mailbox_list *l);

/* 0, or -1 and errno: EINVAL (no such name possible), EEXIST, ENOENT,
 * EPERM (INBOX can't be deleted), EAGAIN (locked too long), or the
 * file system's. */
int mailbox_exists(const struct store *s, struct span mailbox);
int mailbox_create(struct store *s, struct span mailbox);
/* The mailbox and its messages; mailboxes below it stay. */
int mailbox_delete(struct store *s, struct span mailbox);
/* With those below it. RFC 3501 6.3.5: renaming INBOX moves its messages into
 * the new mailbox and leaves INBOX empty, with its children where they are.
 * EINVAL too when the new name is below the old one. */
int mailbox_rename(struct store *s, struct span from, struct span to);

/* The file `subscriptions`, replaced as a whole; a name need not exist. */
int mailbox_subscribe(struct store *s, struct span mailbox, bool on);

#endif
