/* One folder as a session sees it: its messages in the order of their UIDs,
 * with changes by others reported when the protocol allows it.
 *
 * Names hold the truth: a message is the file whose name carries its UID; its
 * flags are in that name. What is not in a name is in `uids` (UIDVALIDITY, the
 * first UID not reserved, the first that is \Recent) and `keywords`.
 *
 * Order of system calls:
 *
 * - A UID is assigned under the folder's lock (folder.lock, fcntl). Before the
 *   first UID of a block is used, `uids` says (pwrite, fdatasync) that the
 *   whole block is reserved; inside the block only its unsynced `next` moves,
 *   which is trusted only within the same boot (uids.h). Then rename(new/BASE,
 *   cur/BASE,U=n:2,). kill -9 between the two: n is skipped. Power cut after
 *   it: the rename may be undone, n is skipped as well.
 * - Flags: under the lock, rename(cur/OLD, cur/NEW). ENOENT: another program
 *   renamed it; the directory is read again and the change is applied to the
 *   current name. Even a name that already has the wanted flags is looked up.
 *   Flags are not synced. A keyword's letter is found (or assigned, `keywords`
 *   being replaced durably) while the same lock is held.
 * - Append: write tmp/X, fsync; lock; reserve; rename to cur/ with U=; fsync
 *   cur; unlock. Copy: link(2) instead of the write (the bytes where link(2)
 *   fails). Move: rename(2) from the source, so a message is always in one of
 *   the two. Copies of a batch that fails are taken back.
 * - Expunge: under the lock, unlink by name; ENOENT: read the directory again,
 *   find the UID, check that it is still to be removed, unlink.
 * - Changes that affect the quota: quota.lock (shared) first, then the folder's
 *   lock, the change, unlock, one line to maildirsize. Recounting holds
 *   quota.lock exclusively, then each folder's lock while that folder is read.
 * - Reading the directory happens under the lock, so our own programs' renames
 *   can't hide a file from readdir; a missing message counts as gone only when
 *   two readings in a row miss it (other programs take no lock).
 * - What was read is in the folder's index (index.h), which all sessions share:
 *   who reads the directory brings it up to date, and who changes a name changes
 *   its record after that, under the same hold of the lock.
 * - Nothing is read again while the times of new/ and cur/ are those that the
 *   index's header says, and were then old enough to be trusted, and nobody has
 *   left another number in folder.lock (changes.h) than it says.
 * - A session's view is which records have which numbers. A message's flags are
 *   read from its record, so they may be newer than what was reported; what has a
 *   modseq above that of the last report is reported. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <time.h>

#include "store/excerpt.h"
#include "store/index.h"
#include "store/keywords.h"
#include "store/name.h"
#include "store/own_seen.h"
#include "store/store.h"

struct message {
	int64_t date;    /* see folder_date() */
	uint64_t modseq; /* of its last change */
	uint32_t uid;
	uint32_t flags : 26;  /* FLAG_… */
	uint32_t gone : 1;    /* the file is no more; EXPUNGE not reported */
	uint32_t recent : 1;  /* \Recent in this session */
	uint32_t in_new : 1;  /* the file is in new/, not in cur/ */
	uint32_t removed : 1; /* removed by this session's last
			       * folder_expunge() */
	uint32_t keywords : 26;
	uint32_t ends : 4; /* ENDS_…, 0: not known */
	uint32_t name;     /* reading.h */
	uint32_t size;     /* see folder_size() and folder_wire(); */
	uint32_t wire;     /* UINT32_MAX: not known yet */
};

/* UIDs, ascending or (tell) in any order. */
struct folder_uids {
	uint32_t *at;
	size_t count, room;
};
/* \Recent in this session: UIDs from low to below high. */
struct folder_range {
	uint32_t low, high;
};

/* Which records have which numbers, and what of them was reported. */
struct folder_view {
	struct index_header known; /* as of the last look */
	uint32_t *rows; /* of each number; NULL: number n is row n - 1 */
	uint32_t rows_room;
	uint32_t end;      /* rows from here on have no number yet */
	uint32_t last_uid; /* of the last number ever given */
	uint64_t reported; /* changes up to this modseq, */
	uint64_t expunged; /* and expunges */
	uint64_t complete; /* up to this modseq both, of anything */
	uint64_t lettered; /* `keywords` was read at or after it */
	uint32_t claimed;  /* \Recent is decided for the UIDs below */
	bool ghostly;      /* some number has no record any more: then */
	struct folder_uids ghosts;  /* its row is GHOST and an offset in here */
	struct folder_uids tell;    /* flags to report in any case */
	struct folder_uids removed; /* see struct message */
	uint64_t *own; /* modseqs of this session, which knows them */
	size_t own_count;
	struct folder_range *recents;
	size_t recent_count;
};

/* The excerpt that was read last, and those of messages of this folder that are not
 * in index.content yet. */
struct folder_excerpts {
	struct excerpts file;
	struct str read;
	struct str bytes; /* as excerpts_add() has made them */
	struct str waits; /* whose they are (folder_excerpt.c) */
	bool refused; /* they could not be written: no more of this command */
};

struct folder {
	struct store *store;
	/* Another account's (shared.h): NULL, or it. Nothing is written there; the
	 * index is in memory, and \Seen is this account's own (own_seen.h). */
	const struct shared_folder *guest;
	struct own_seen seen;
	struct maildir dirs;
	unsigned rights; /* RIGHT_… of acl.h: what the session may do in it */
	struct str path; /* for inotify */
	bool read_only;
	bool removed;   /* the folder itself was deleted */
	bool foreign;   /* a message that can't be read was logged */
	bool lost;      /* the index is to be made anew, before it is written */
	uint32_t count; /* reported: valid numbers are 1 to count */
	uint32_t recent; /* of count */
	uint32_t uidvalidity;
	uint32_t uidnext; /* of all messages reported or read */
	struct keywords keywords;
	uint32_t keyword_changes; /* how often keywords has changed */
	uint32_t placing; /* UIDs from here on are being given by a copy or
			   * move within this folder; 0: none are */
	struct index index;
	struct folder_view view;
	struct folder_excerpts excerpts;
	/* Called with the number of messages done by the calls below that change
	 * many, after each of them and under the lock: it must not wait. NULL:
	 * nobody asks. */
	void (*step)(void *arg, uint32_t done);
	void *step_arg;
	struct str name; /* for folder_name() */
	int watch;       /* inotify, or -1 */
	int lock;        /* folder.lock while this session holds it, or -1 */
	int look;        /* the same without the lock, or -1 */
	uint64_t noted;  /* changes.h: the number when it was locked */
};

/* Open and read a mailbox; everything in it counts as reported. New messages
 * get their UIDs and move to cur/; when read_only they get UIDs but stay in
 * new/, and `recent` in `uids` is unchanged, so \Recent is left for another
 * session. UIDs assigned by Dovecot, Courier and mbsync are kept. -1 and errno:
 * ENOENT, EINVAL (no such name), EPERM (unsafe permissions), EACCES (another
 * account's, without the right "r"), EAGAIN (locked for 10 s), … */
int folder_open(
    struct folder *f, struct store *s, struct span mailbox, bool read_only);
void folder_close(struct folder *f);

/* Check the disk. Vanished messages are marked gone, changed ones changed, new
 * ones appended after count: the session's numbers stay valid. Takes a few
 * system calls when nothing has changed. -1 and errno; ENOENT when the folder
 * is gone. */
int folder_refresh(struct folder *f);
/* If another session has made a new index since, go on with that: the old one
 * says what was true then. Call it before messages are asked for without
 * folder_refresh(). */
void folder_follow(struct folder *f);
/* Tell the session what is new to it, in this order: expunged (only if
 * allowed; from the highest number down; they lose their numbers), then
 * flags, then exists once when count or recent grew. */
struct folder_events {
	void (*expunged)(void *arg, uint32_t seq, uint32_t uid);
	void (*flags)(void *arg, uint32_t seq);
	void (*exists)(void *arg, uint32_t count, uint32_t recent);
	void *arg;
};
void folder_report(
    struct folder *f, bool expunges, const struct folder_events *e);

/* The highest modseq as of the last look; and one up to which everything was
 * reported, so it is below that of an expunge that was not. */
uint64_t folder_modseq(const struct folder *f);
uint64_t folder_modseq_reported(const struct folder *f);
/* Call range for UIDs low to high, ascending, of messages that were expunged after
 * this modseq and have no number; where the index has forgotten them, for all that
 * no message has. */
void folder_vanished(struct folder *f, uint64_t since,
    void (*range)(void *arg, uint32_t low, uint32_t high), void *arg);

/* A descriptor that becomes readable on a change (inotify), for IDLE; -1 where
 * inotify is not available: then poll with folder_refresh(). */
int folder_watch(struct folder *f);
/* The last refresh was late enough to have seen every change; if not, refresh
 * again after some 40 ms even without an event. */
bool folder_is_settled(const struct folder *f);
/* Read its pending events; call it before folder_refresh(). */
void folder_watch_clear(struct folder *f);

/* Below, at is a message's number minus one. For reported messages it stays
 * valid until folder_report(). */

/* The message as it is known now. A session that can't be told what has a number
 * any more, since the index was damaged and messages went meanwhile, ends
 * (TEMP). */
struct message folder_message(struct folder *f, uint32_t at);
/* Index of the first message with at least this UID (count if none). */
uint32_t folder_find(struct folder *f, uint32_t uid);
/* Number of the first message without \Seen, or 0. */
uint32_t folder_first_unseen(struct folder *f);
/* The file's name, in new/ or cur/; good until the next call. */
struct span folder_name(struct folder *f, uint32_t at);
/* The UID, and a sum of the name up to its flags: the same as long as it is this
 * file. */
uint32_t folder_file(struct folder *f, uint32_t at, uint32_t *name_sum_r);

/* Open a message for reading; -1 and errno, ENOENT when it is gone (and marked
 * so), EAGAIN when it was renamed at every try, ENOTSUP when another server has
 * compressed it (logged, the first of a session). A size that is wrong in the
 * name is measured. */
int folder_message_open(struct folder *f, uint32_t at);
/* The message was read and has these sizes. A differing name and the quota are
 * corrected. */
void folder_measured(
    struct folder *f, uint32_t at, uint64_t size, uint64_t wire);
/* Bytes on disk; bytes with CRLF; internal date (seconds since the epoch: the
 * name's time, or the file's for foreign names). What the name lacks is looked
 * up on disk once; counted sizes are put into the name. -1 and errno when the
 * message is gone. */
int folder_size(struct folder *f, uint32_t at, uint64_t *size_r);
int folder_wire(struct folder *f, uint32_t at, uint64_t *wire_r);
/* How files end, for all sessions: ENDS_… of each message, 0 for one that this
 * session has not looked at. No errors: whoever asks next looks again. */
void folder_ends_note(struct folder *f, const unsigned char *ends);
int folder_date(struct folder *f, uint32_t at, int64_t *date_r);

/* What the index keeps of the message's content; false: nothing. Good until the next
 * call for another message. */
bool folder_excerpt(struct folder *f, uint32_t at, struct excerpt *e_r);
/* Keep these parts of it (EXCERPT_NAME is set here), in place of what there was. They
 * are written by the next folder_excerpts_rest(), or before. */
void folder_excerpt_keep(
    struct folder *f, uint32_t at, struct span parts[EXCERPT_PARTS]);
/* Write what waits, and map nothing: a command is done. Before folder_report(). */
void folder_excerpts_rest(struct folder *f);

/* The following take several: at[0] to at[n - 1], of reported messages,
 * ascending. */

/* Which of FLAGS_IMAP the session may change, and whether also keywords. */
uint32_t folder_changeable(const struct folder *f, bool *keywords_r);

enum flag_how { FLAGS_SET, FLAGS_ADD, FLAGS_REMOVE };
struct flag_change {
	enum flag_how how;
	uint32_t flags; /* of FLAGS_IMAP */
	bool silent;    /* nothing to report: the session knows */
	/* Of conditional changes: what has a modseq above this is left as it is, and
	 * the bool of its place among at is set in modified_r. */
	bool conditional;
	uint64_t unchanged_since;
	bool *modified_r;
	const struct span *keywords;
	size_t keyword_count;
};
/* Change flags, of the messages as they are now, whatever the session knows of
 * them. Messages that are gone are marked so and skipped. When silent is unset,
 * or not all could be done, the messages that changed are reported. Keywords are made where they are missing (not to be removed), all
 * or, when they can't be had, nothing is done. What the session has no right to
 * change stays as it is. -1 and errno: EROFS on a read-only folder, E2BIG (26 keywords are in use), EDOM (not a keyword),
 * EAGAIN (a message could not be caught), … */
int folder_flags(struct folder *f, const uint32_t *at, size_t n,
    const struct flag_change *c);
/* The bit of a keyword (compared without case) as the session knows it; 0 when
 * there is none. */
uint32_t folder_keyword(const struct folder *f, struct span name);
/* Another keyword could be made: some letter is not in use. */
bool folder_has_keyword_room(struct folder *f);

/* Remove messages; deleted_only: those that have \Deleted on disk now. They are
 * marked gone, which folder_report() reports. The quota is updated. -1 and
 * errno, EACCES: without the right "e". */
int folder_expunge(
    struct folder *f, const uint32_t *at, size_t n, bool deleted_only);

/* The result of a copy, move or append. uid[i] is the new UID of at[i]; 0 when
 * that message was gone. Free with folder_placed_free(). */
struct folder_placed {
	uint32_t uidvalidity;
	uint32_t *uid;
	size_t n;
	struct str names; /* of those with a UID, each ended by NUL */
};
/* Copy or move messages to another mailbox (or the same one), flags and
 * keywords with them; all or nothing (a move: each message is in one of the
 * two). Messages that are gone are skipped or, with `all`, cause ESTALE. A
 * keyword for which the target has no free letter is dropped. A move marks the
 * messages gone. -1 and errno: EACCES no right to, ENOENT no such mailbox (TRYCREATE), ESTALE see
 * above, EDQUOT over quota, EAGAIN locked, or a message was renamed at every
 * try, … */
struct place_how {
	bool move;
	bool all; /* a message that is gone is an error */
};
int folder_place(struct folder *f, const uint32_t *at, size_t n, struct span to,
    const struct place_how *how, struct folder_placed *r);
void folder_placed_free(struct folder_placed *r);

#endif
