/* Bringing a message into a Maildir. In order:
 *	openat(tmp/BASE, O_CREAT | O_EXCL)   BASE = TIME.IDrHHHHHHHH.HOST
 *	write …                              counting bytes and wire bytes
 *	fsync(file)
 *	renameat2(tmp/BASE, new/BASE,S=…,W=…, RENAME_NOREPLACE)
 *	fsync(new)                           only now is it delivered
 * A batch does each step for all its files before the next one. A crash before
 * the rename leaves a file in tmp/, removed after 36 hours; after it, the name
 * is found again by the repeated delivery (delivery_exists(), or EEXIST). */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "store/store.h"

struct delivery {
	const struct maildir *to; /* must stay open until the end */
	int fd;
	struct str temporary; /* in tmp/ */
	size_t other;    /* bytes of it that name another's file; 0: none */
	struct str name; /* BASE; with the sizes after the commit */
	uint64_t size;
	uint64_t wire; /* with CRLF for each LF */
	char last;     /* the last byte written */
	int error;     /* first error; the file is gone */
};

/* BASE is made by name_make(). When tmp/BASE is there, left by a crash or being
 * written by another worker, it is let be and another name taken; it goes once
 * the message has its lasting name. -1 and errno. */
int delivery_start(
    struct delivery *d, const struct maildir *to, struct span base);
/* -1 and errno (also kept in error): ENOSPC, EDQUOT, EFBIG, EIO. */
int delivery_write(struct delivery *d, struct span bytes);
/* Make n deliveries durable in their folders' new/, each directory synced
 * once. Returns 0 when every error is 0 or EEXIST (it was there already, which
 * is success); every delivery is closed and its error tells. Those with an
 * error before the call are skipped. */
int delivery_commit(struct delivery *const *d, size_t n);
/* Give up: close and remove the temporary file. Safe after anything. */
void delivery_end(struct delivery *d);

/* A message of this base is in new/, or (in_cur) in cur/, whatever its flags.
 * 1, 0, or -1 and errno. */
int delivery_exists(const struct maildir *m, struct span base, bool in_cur);

/* The folder for mail marked as spam or for +extension: 0 and open if it
 * exists (name in UTF-8 as in mailbox.h; also tried without regard to ASCII
 * case), else -1 and errno ENOENT; other errors as maildir_open(). */
int delivery_folder(
    const struct store *s, struct span mailbox, struct maildir *m_r);

#endif
