/* One account's mail: a Maildir and the folders in it. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/str.h"

/* An open Maildir folder: descriptors of its directories. */
struct maildir {
	int dir;
	int new;
	int cur;
	int tmp;
	int index; /* where its index is (index_place.h); 0: in dir */
};
/* The directory of its index. */
static inline int
maildir_index(const struct maildir *m)
{
	return m->index > 0 ? m->index : m->dir;
}

/* Open the folder at path (relative to the directory at), following no symbolic
 * link in its last part, new, cur or tmp. -1 and errno: ENOENT when it is not
 * there; EPERM when it is unsafe: one of the four is not a directory, not ours,
 * or writable by group or others. */
int maildir_open(struct maildir *m_r, int at, const char *path);
void maildir_close(struct maildir *m);
/* Only the folder's own directory, with the same care. */
int maildir_look(int at, const char *path);
/* Explain to people why it can't be opened (EPERM, EACCES): which part has
 * which type, owner and mode, and the remedy (replaced, ASCII); path as it
 * shall appear there. Also logged, with the full path root + "/" + path. */
void maildir_fault(
    int at, const char *path, struct span root, struct str *text_r);
/* Make a folder with new, cur, tmp and Maildir++'s `maildirfolder`, durably. It
 * appears complete: created in tmp/ of the root and renamed. -1 and errno;
 * EEXIST when it exists. */
int maildir_make(const struct maildir *root, const char *name);
/* The same with a file `metadata` of this text in it; len 0: none. */
int maildir_make_with(
    const struct maildir *root, const char *name, struct span metadata);
/* Remove a directory and its contents, three levels deep at most. */
int maildir_remove(int at, const char *name);
/* Remove files in tmp older than 36 hours that nobody has open. */
void maildir_sweep(const struct maildir *m);
/* How many that would remove, in use or not. */
uint32_t maildir_leftovers(const struct maildir *m);

struct shared;
struct store {
	struct maildir root; /* INBOX */
	struct str path;     /* absolute or as given; for inotify */
	struct str host;     /* for names */
	char boot[17];       /* identifies this boot; see uids.h */
	int index; /* the account's folder of indexes, which store_close()
			      * closes; 0: they are beside the mail */
	/* Others' folders (shared.h), set by the caller; NULL: none, and their
	 * namespace has no meaning. */
	const struct shared *shared;
};

/* Make an account's mail (and the directories above it) with Sent, Drafts,
 * Trash, Junk and Archive, all subscribed. It appears complete, being created
 * under another name; 0 also when it exists. */
int store_make(const char *path);
/* Open an account's mail. With make, a missing one is created, and a Maildir
 * that no session has opened yet gets the folders it lacks. Call it before
 * entering the sandbox: it reads the kernel's boot id. errno as
 * maildir_open(). */
int store_open(struct store *s_r, const char *path, bool make);
void store_close(struct store *s);
/* Why store_open() failed (EPERM, EACCES), as by maildir_fault(). */
void store_fault(const char *path, struct str *text_r);

#endif
