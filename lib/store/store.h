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
};

/* Open the folder at path (relative to the directory at), following no
 * symbolic link in its last part, new, cur or tmp. -1 and errno: ENOENT when
 * it is not there; EPERM when it is not safe: one of the four is no real
 * directory, not ours, or writable by group or others. */
int maildir_open(struct maildir *m_r, int at, const char *path);
void maildir_close(struct maildir *m);
/* Make a folder with new, cur, tmp and Maildir++'s `maildirfolder`, durably.
 * It appears whole: made in tmp/ of the root and renamed. -1 and errno;
 * EEXIST when it is there. */
int maildir_make(const struct maildir *root, const char *name);
/* Remove a directory and what is in it (not what is below its third level). */
int maildir_remove(int at, const char *name);
/* Remove files in tmp older than 36 hours that nobody has open. */
void maildir_sweep(const struct maildir *m);

struct store {
	struct maildir root; /* INBOX */
	struct str path;     /* absolute or as given; for inotify */
	struct str host;     /* for names */
	char boot[17];       /* names this start of the kernel; see uids.h */
};

/* Make an account's mail (and the directories above it) with Sent, Drafts,
 * Trash, Junk and Archive, all subscribed. It appears whole, under another
 * name first; 0 also when it is there. */
int store_make(const char *path);
/* Open an account's mail. When make is set and nothing is there, it is made; a
 * Maildir that no session has opened yet gets those folders that it lacks. Call it before the sandbox: it reads the kernel's boot id. errno as maildir_open(). */
int store_open(struct store *s_r, const char *path, bool make);
void store_close(struct store *s);

#endif
