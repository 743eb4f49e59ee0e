/* The file `uids` of a folder: UIDVALIDITY and how far UIDs are reserved.
 *
 *	chainmail-uids 1 validity=… reserved=… next=… recent=… boot=… LF
 *
 * in fixed width.
 *
 * `reserved` is the first UID that nobody may give yet; it is raised a block at
 * a time with pwrite and fdatasync. `next`, the first UID not given, is written
 * without a sync and believed only by a program of the same boot: after a
 * power cut, or on another host, giving goes on at `reserved`. Where the
 * kernel's boot id can't be read each process is its own boot.
 *
 * `recent` is the first UID that no session has been told of: APPEND and COPY
 * put messages into cur/, and they are \Recent all the same. It is not synced;
 * a lost change makes messages \Recent once more. */
#ifndef STORE_UIDS_H
#define STORE_UIDS_H

#include "store/store.h"

struct uids {
	uint32_t validity;
	uint32_t next;     /* the first UID to give */
	uint32_t reserved; /* the first that is not reserved */
	uint32_t recent;   /* the first that is \Recent for the next session */
};

/* The file's text, parsed; false when it is none of ours. boot: see above. */
bool uids_parse(struct span text, const char *boot, struct uids *u_r);
/* Read it; -1 and errno: ENOENT, or EBADMSG when it is damaged. */
int uids_read(int dir, const char *boot, struct uids *u_r);
/* Make the file durably, with nothing reserved or \Recent; the caller holds the folder's
 * lock. */
int uids_create(const struct maildir *m, const struct uids *u);
/* Take n UIDs; the first is returned, 0 and errno on failure (EOVERFLOW: no
 * UID is left). The caller holds the folder's lock. Until it returns nobody
 * may see them. told: as by uids_told(), with these. */
uint32_t uids_take(
    int dir, const char *boot, uint32_t n, bool told, struct uids *u_r);
/* A session has been told of all that have a UID: none is \Recent for the
 * next. The caller holds the folder's lock and has just read u. Where it can't
 * be written they will be \Recent again. */
void uids_told(int dir, const char *boot, const struct uids *u);
/* A UIDVALIDITY that no folder of this account ever had: seconds since the
 * epoch, or one more than the last (file `validity` in the root). 0 and
 * errno on failure. */
uint32_t uids_validity_new(const struct store *s);

#endif
