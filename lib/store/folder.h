/* One folder as a session sees it: its messages in the order of their UIDs,
 * changes by others reported when the protocol allows it.
 *
 * Names hold the truth: a message is the file whose name carries its UID; its
 * flags are in that name. What is not in a name is in `uids` (UIDVALIDITY, the
 * first UID not reserved, the first that is \Recent) and `keywords`.
 *
 * Order of system calls:
 *
 * - A UID is given under the folder's lock (folder.lock, fcntl). Before the
 *   first UID of a block is used, `uids` says (pwrite, fdatasync) that the
 *   whole block is reserved; inside the block only its unsynced `next` moves,
 *   which is believed only within the same start of the kernel (uids.h). Then
 *   rename(new/BASE, cur/BASE,U=n:2,). kill -9 between the two: n is skipped.
 *   Power cut after it: the rename may be undone, n is skipped all the same.
 * - Flags: under the lock, rename(cur/OLD, cur/NEW). ENOENT: another program
 *   renamed it; the directory is read again and the change is made to what is
 *   found. Flags are not synced.
 * - Append: write tmp/X, fsync; lock; reserve; rename to cur/ with U=; fsync
 *   cur; unlock. Copy: link(2) in place of the write (the bytes where no link
 *   can be made). Move: rename(2) from the source, so a message is always in
 *   one of the two. Copies of a batch that fails are taken back.
 * - Expunge: under the lock, unlink by name; ENOENT: read the directory again,
 *   find the UID, unlink.
 * - Reading the directory happens under the lock, so our own programs' renames
 *   can't hide a file from readdir; a message that is missing is believed gone
 *   only when a second reading misses it too (other programs take no lock).
 * - Nothing is read again while the times of new/ and cur/ are those of the
 *   last reading, and were then old enough to be trusted. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <time.h>

#include "store/keywords.h"
#include "store/name.h"
#include "store/store.h"

struct message {
	int64_t date; /* see folder_date() */
	uint32_t uid;
	uint32_t flags : 26;  /* FLAG_… */
	uint32_t gone : 1;    /* the file is no more; EXPUNGE not reported */
	uint32_t changed : 1; /* flags differ from what was reported */
	uint32_t recent : 1;  /* \Recent in this session */
	uint32_t in_new : 1;  /* the file is in new/, not in cur/ */
	uint32_t keywords : 26;
	uint32_t name; /* offset, see folder_name() */
	uint32_t size; /* see folder_size() and folder_wire(); */
	uint32_t wire; /* UINT32_MAX: not known yet */
};

/* The time of a directory when it was read, and whether it was then old enough
 * for every later change to give it another. */
struct folder_stamp {
	struct timespec time;
	bool trusted;
};

struct folder {
	struct store *store;
	struct maildir dirs;
	struct str path; /* for inotify */
	bool read_only;
	bool removed;             /* the folder itself was deleted */
	struct message *messages; /* messages[seq - 1] */
	uint32_t count;           /* reported: valid numbers are 1 to count */
	uint32_t total;           /* read: count plus those not reported */
	uint32_t gone;            /* how many of them are gone */
	uint32_t changed;         /* how many have unreported flags */
	uint32_t recent;          /* of count */
	uint32_t uidvalidity;
	uint32_t uidnext; /* of what has been reported or read */
	struct keywords keywords;
	struct str names;
	struct folder_stamp at_new, at_cur;
	int watch;   /* inotify, or -1 */
	bool locked; /* this session holds the folder's lock */
};

/* Open and read a mailbox; everything in it counts as reported. New messages
 * get their UIDs and move to cur/; when read_only they get UIDs but stay in
 * new/, and `recent` in `uids` stays too, so \Recent is another session's.
 * UIDs of Dovecot, Courier and mbsync are taken over. -1 and errno: ENOENT,
 * EINVAL (no such name), EPERM (not safe), EAGAIN (locked for 10 s), … */
int folder_open(
    struct folder *f, struct store *s, struct span mailbox, bool read_only);
void folder_close(struct folder *f);

/* Look at the disk. Vanished messages are marked gone, changed ones changed,
 * new ones put behind count: the session's numbers stay valid. A few calls
 * when nothing has changed. -1 and errno; ENOENT when the folder is gone. */
int folder_refresh(struct folder *f);
/* Tell the session what is new to it, in this order: expunged (only if
 * allowed; from the highest number down; the array shrinks with it), then
 * flags, then exists once when count or recent grew. */
struct folder_events {
	void (*expunged)(void *arg, uint32_t seq, uint32_t uid);
	void (*flags)(void *arg, uint32_t seq); /* messages[seq - 1] */
	void (*exists)(void *arg, uint32_t count, uint32_t recent);
	void *arg;
};
void folder_report(
    struct folder *f, bool expunges, const struct folder_events *e);

/* A descriptor that becomes readable when something changes (inotify), for
 * IDLE; -1 where there is none: then poll by folder_refresh(). */
int folder_watch(struct folder *f);
/* The last look was long enough after the last change to have seen it; if
 * not, look again after some 40 ms, notice or not. */
bool folder_is_settled(const struct folder *f);
/* Take the notices off it, before folder_refresh(). */
void folder_watch_clear(struct folder *f);

/* Below, at is an index into messages: that of a number less one. Indices of
 * reported messages stay until folder_report(); pointers into messages do not
 * survive a call. */

/* Index of the first message with at least this UID (count if none). */
uint32_t folder_find(const struct folder *f, uint32_t uid);
/* Number of the first message without \Seen, or 0. */
uint32_t folder_first_unseen(const struct folder *f);
/* The file's name, in new/ or cur/; good until the next call. */
struct span folder_name(const struct folder *f, uint32_t at);

/* Open a message for reading; -1 and errno, ENOENT when it is gone (and
 * marked so). */
int folder_message_open(struct folder *f, uint32_t at);
/* Bytes on disk; bytes with CRLF; internal date (seconds since the epoch: the
 * name's time, or the file's for foreign names). Looked up on the disk once
 * when the name does not say; sizes that were counted are put into the name. -1 and errno when the message is gone. */
int folder_size(struct folder *f, uint32_t at, uint64_t *size_r);
int folder_wire(struct folder *f, uint32_t at, uint64_t *wire_r);
int folder_date(struct folder *f, uint32_t at, int64_t *date_r);

/* Now several: at[0] to at[n - 1], of reported messages, ascending. */

enum flag_how { FLAGS_SET, FLAGS_ADD, FLAGS_REMOVE };
struct flag_change {
	enum flag_how how;
	uint32_t flags;    /* of FLAGS_IMAP */
	uint32_t keywords; /* bits of this folder's keywords */
	bool silent;       /* leave `changed` unset: the session knows */
};
/* Change flags. Messages that are gone are marked so and skipped. When silent
 * is unset the messages that changed are marked changed, for the report.
 * -1 and errno; EROFS on a read-only folder. */
int folder_flags(struct folder *f, const uint32_t *at, size_t n,
    const struct flag_change *c);
/* The bit of a keyword (compared without case), making it when create is set;
 * 0 and errno ENOSPC (26 are there already), EINVAL, or another error. */
uint32_t folder_keyword(struct folder *f, struct span name, bool create);

/* Remove messages (the caller chose those with \Deleted). They are marked
 * gone; folder_report() tells. The quota is updated. */
int folder_expunge(struct folder *f, const uint32_t *at, size_t n);

/* What a copy, move or append made. uid[i] is the new UID of at[i]; 0 when
 * that message was gone. Free with folder_placed_free(). */
struct folder_placed {
	uint32_t uidvalidity;
	uint32_t *uid;
	size_t n;
};
/* Copy or move messages to another mailbox (or the same one), flags and
 * keywords with them; all or nothing (a move: each message is in one of the
 * two). Keywords beyond the 26th of the other folder are dropped. A move
 * marks the messages gone. -1 and errno: ENOENT no such mailbox (TRYCREATE),
 * EDQUOT over quota, … */
int folder_copy(struct folder *f, const uint32_t *at, size_t n, struct span to,
    struct folder_placed *r);
int folder_move(struct folder *f, const uint32_t *at, size_t n, struct span to,
    struct folder_placed *r);
void folder_placed_free(struct folder_placed *r);

#endif
