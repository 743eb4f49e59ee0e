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
/* Make a folder with new, cur and tmp, durably; 0 also when it is there. It
 * appears whole: made in the directory at under a temporary name and renamed.
 * A folder below the root also gets Maildir++'s file `maildirfolder`. */
int maildir_make(int at, const char *name, bool is_root);
/* Remove files in tmp older than 36 hours that nobody has open or locked. */
void maildir_sweep(const struct maildir *m);

struct store {
	struct maildir root; /* INBOX */
	struct str path;     /* absolute or as given; for inotify */
	struct str host;     /* for names */
	char boot[17];       /* names this start of the kernel; see uids.h */
};

/* Open an account's mail. When make is set and nothing is there, it is made
 * with Sent, Drafts, Trash, Junk and Archive, all subscribed. Call it before
 * the sandbox: it reads the kernel's boot id. errno as maildir_open(). */
int store_open(struct store *s_r, const char *path, bool make);
void store_close(struct store *s);

#endif
