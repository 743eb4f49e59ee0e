/* Delivering a message to a Maildir, in this order:
 *	openat(tmp/BASE, O_CREAT | O_EXCL)   BASE = TIME.IDrHHHHHHHH.HOST
 *	write …                              counting bytes and wire bytes
 *	fsync(file)
 *	renameat2(tmp/BASE, new/BASE,S=…,W=…, RENAME_NOREPLACE)
 *	fsync(new)                           only now is it delivered
 * A batch does each step for all its files before the next one. A crash before
 * the rename leaves a file in tmp/, removed after 36 hours; after a crash later
 * than that, the repeated delivery finds the name (delivery_exists(), or
 * EEXIST). */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "store/store.h"

struct delivery {
	const struct maildir *to; /* must stay open until the end */
	int fd;
	struct str temporary; /* in tmp/ */
	size_t other;    /* length of the name of another's file; 0: none */
	struct str name; /* BASE; with the sizes after the commit */
	uint64_t size;
	uint64_t wire; /* with CRLF for each LF */
	char last;     /* the last byte written */
	int error;     /* first error; the file is gone */
};

/* BASE is made by name_make(). If tmp/BASE exists, left by a crash or being
 * written by another worker, another name is used and the file is left alone;
 * it is removed once the message has its final name. -1 and errno. */
int delivery_start(
    struct delivery *d, const struct maildir *to, struct span base);
/* -1 and errno (also kept in error): ENOSPC, EDQUOT, EFBIG, EIO. */
int delivery_write(struct delivery *d, struct span bytes);
/* Make n deliveries durable in their folders' new/, each directory synced once.
 * Returns 0 when every error is 0 or EEXIST (delivered before, which is
 * success); every delivery is closed and has its error set. Deliveries with an
 * error before the call are skipped. */
int delivery_commit(struct delivery *const *d, size_t n);
/* Give up: close and remove the temporary file. Safe in any state. */
void delivery_end(struct delivery *d);

/* Whether a message with this base is in new/, or (in_cur) in cur/, whatever
 * its flags. 1, 0, or -1 and errno. */
int delivery_exists(const struct maildir *m, struct span base, bool in_cur);

/* The folder for mail marked as spam or for +extension: 0 and open if it
 * exists (name in UTF-8 as in mailbox.h; also tried without regard to ASCII
 * case), else -1 and errno ENOENT; other errors as maildir_open(). */
int delivery_folder(
    const struct store *s, struct span mailbox, struct maildir *m_r);

#endif
