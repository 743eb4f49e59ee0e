/* Files that must survive a power cut. Only file_commit() gives a file its
 * lasting name; no other code renames into a spool or a mailbox. */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <sys/types.h>

#include "base/span.h"

/* One file written under a temporary name and wanted under its own. */
struct commit {
	int fd;           /* open for writing, all bytes written; stays open */
	int from_dir;     /* directory of the temporary name */
	const char *from; /* temporary name */
	int to_dir;
	const char *to;
	bool replace; /* the name may exist and is replaced (configuration,
		       * databases); else it must not (spool, Maildir) */
	int error;    /* out: 0, or errno. EEXIST: the name was there. */
};

/* Make n files durable in the order that survives: fsync every file, name
 * every file, fsync every directory once. Returns 0 when all went well, -1
 * when any has its error set; a file with an error has no lasting name and its
 * temporary name is gone. An fsync that failed is never repeated: the content
 * may be lost (write a new file). After a failed fsync of the directory the
 * name is taken back where that is possible. */
int file_commit(struct commit *files, size_t n);
/* The same for files whose bytes need not be synced again (a link or a rename
 * of a durable file): sync_files false. */
int file_commit_how(struct commit *files, size_t n, bool sync_files);

/* Write a small file and commit it. c names it, with fd not set; a temporary
 * file that a crash left under c->from goes first. mode as below. 0; -1, errno
 * and nothing left of it. */
int file_write(struct commit *c, mode_t mode, struct span bytes);

/* Open a new file for writing: O_CREAT | O_EXCL, mode 0600 less the umask when
 * mode is 0; -1 and errno. */
int file_create(int dir, const char *name, mode_t mode);
/* Open a directory for the *at() calls; -1 and errno. */
int dir_open(int dir, const char *path);
/* mkdir and fsync of the parent when it was missing; 0 also when it is there. */
int dir_make(int dir, const char *name, mode_t mode);

/* Directories made in this one lie apart on the disk (chattr +T, ext4): each
 * has many files of its own that come and go. A hint; no errors. */
void dir_spread(int dir);

#endif
