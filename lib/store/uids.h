/* The file `uids` of a folder: UIDVALIDITY and how far UIDs are reserved.
 *
 *	chainmail-uids 1 validity=… reserved=… next=… recent=… boot=… LF
 *
 * in fixed width.
 *
 * `reserved` is the first UID that may not be assigned yet; it is raised a
 * block at a time with pwrite and fdatasync. `next`, the first UID not
 * assigned, is written without a sync and trusted only within the same boot:
 * after a power cut, or on another host, assignment continues at `reserved`.
 * Where the kernel's boot id can't be read, each process counts as a boot of
 * its own.
 *
 * `recent` is the first UID not yet reported to any session: messages that
 * APPEND and COPY put into cur/ are \Recent too. It is not synced; a lost
 * change makes messages \Recent once more. */
#ifndef STORE_UIDS_H
#define STORE_UIDS_H

#include "store/store.h"

struct uids {
	uint32_t validity;
	uint32_t next;     /* the first UID not assigned */
	uint32_t reserved; /* the first that is not reserved */
	uint32_t recent;   /* the first \Recent one for the next session */
};

/* Parse the file's text; false when it is not in this format. boot: see
 * above. */
bool uids_parse(struct span text, const char *boot, struct uids *u_r);
/* Read it; -1 and errno: ENOENT, or EBADMSG when it is damaged. */
int uids_read(int dir, const char *boot, struct uids *u_r);
/* Create the file durably, with nothing reserved or \Recent; the caller holds
 * the folder's lock. taken: the other server's file that the UIDs come from,
 * which `takeover` records, or NULL. */
int uids_create(
    const struct maildir *m, const struct uids *u, const char *taken);
/* The folder's file is there afterwards: made, with the UIDs of Dovecot,
 * Courier or mbsync, if it wasn't. The caller holds the folder's lock. */
int uids_ensure(
    const struct maildir *m, const struct store *s, struct uids *u_r);
/* Take n UIDs; the first is returned, 0 and errno on failure (EOVERFLOW: no UID
 * is left). The caller holds the folder's lock. The UIDs must not become
 * visible before it returns. told: mark these as reported, like uids_told(). */
uint32_t uids_take(
    int dir, const char *boot, uint32_t n, bool told, struct uids *u_r);
/* All messages with a UID were reported to a session: none is \Recent for the
 * next. The caller holds the folder's lock and has just read u. If the file
 * can't be written they will be \Recent again. */
void uids_told(int dir, const char *boot, const struct uids *u);
/* A UIDVALIDITY that no folder of this account ever had: seconds since the
 * epoch, or one more than the last (file `validity` in the root). 0 and
 * errno on failure. */
uint32_t uids_validity_new(const struct store *s);

#endif
