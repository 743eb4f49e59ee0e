/* Files that must survive a power cut. Only file_commit() gives a file its
 * final name; no other code renames into a spool or a mailbox. */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <sys/types.h>

#include "base/span.h"

/* One file written under a temporary name, to get its final name. */
struct commit {
	int fd;           /* open for writing, complete; stays open */
	int from_dir;     /* directory of the temporary name */
	const char *from; /* temporary name */
	int to_dir;
	const char *to;
	bool replace; /* an existing file is replaced (configuration,
		       * databases); else it is an error (spool, Maildir) */
	int error;    /* out: 0, or errno. EEXIST: the name exists. */
};

/* Make n files durable, in the order that survives a crash: fsync every file,
 * rename every file, fsync every directory once. Returns 0, or -1 when any file
 * has its error set; such a file has no final name and its temporary name is
 * gone. An fsync that failed is never repeated: the content may be lost (write
 * a new file). After a failed fsync of the directory the name is removed again
 * if possible. */
int file_commit(struct commit *files, size_t n);
/* The same for files whose bytes need not be synced again (a link or a rename
 * of a durable file): sync_files false. */
int file_commit_how(struct commit *files, size_t n, bool sync_files);

/* Write a small file and commit it. c names it, with fd not set; a temporary
 * file left by a crash under c->from is removed first. mode as below. 0; -1 and
 * errno, with nothing left behind. */
int file_write(struct commit *c, mode_t mode, struct span bytes);

/* Open a new file for writing: O_CREAT | O_EXCL, mode 0600 less the umask when
 * mode is 0; -1 and errno. */
int file_create(int dir, const char *name, mode_t mode);
/* Open a directory for the *at() calls; -1 and errno. */
int dir_open(int dir, const char *path);
/* mkdir, and fsync of the parent, if it is missing; 0 also when it exists. */
int dir_make(int dir, const char *name, mode_t mode);

/* Make the missing directories above path, mode 0700, each durably and each
 * with dir_spread(). 0; -1 and errno. */
int dir_make_parents(const char *path);

/* Place the subdirectories of this one apart on the disk (chattr +T, ext4), as
 * each has many short-lived files of its own. A hint; no errors. */
void dir_spread(int dir);

#endif
