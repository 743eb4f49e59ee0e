/* Messages brought into a mailbox by a session (APPEND). */
#ifndef STORE_APPEND_H
#define STORE_APPEND_H

#include "base/id.h"
#include "store/delivery.h"
#include "store/folder.h"
#include "store/target.h"

/* Internal date in seconds since the epoch; keywords: names, which must live
 * until the commit. */
struct append_how {
	int64_t date;
	uint32_t flags;
	const struct span *keywords;
	size_t keyword_count;
};

struct append_message {
	struct id id;
	struct delivery file;
	struct append_how how;
	bool closed;  /* durable in tmp/ */
	uint32_t uid; /* after the commit */
};

/* One or more messages for one mailbox. */
struct append {
	struct target to;
	struct append_message *at; /* the last one may be open */
	size_t count, size;
	uint64_t bytes;  /* of those that are closed */
	uint64_t credit; /* set by the caller: bytes that go away with it, and
			  * so are no matter of the quota */
	struct str waiting; /* converted, not written */
	bool cr;            /* a CR is held back until the next byte is known */
	bool after_cr;      /* the byte before it was a CR too */
};

/* Open the mailbox. -1 and errno: ENOENT no such mailbox (TRYCREATE), EINVAL,
 * EPERM, … Call append_end() in any case. */
int append_start(struct append *a, struct store *s, struct span mailbox);
/* Start writing the first or next message to tmp/ of the mailbox; the one
 * before is closed. -1 and errno. */
int append_next(struct append *a);
/* Bytes as the client sent them. Each CRLF is stored as LF, except after
 * another CR: CR LF on disk would be read as a CRLF. */
int append_write(struct append *a, struct span bytes);
/* The message is complete: sync it. -1 and errno: EDQUOT over quota, with those
 * before it, … */
int append_close(struct append *a, const struct append_how *how);
/* Give the messages, all closed, their UIDs in their order and move them to
 * cur/: all or none, as long as the process lives. open: the folder that the
 * session has open, or NULL; if it is the same mailbox, the messages are added
 * to it without reading its directories again. -1 and errno: EAGAIN locked,
 * E2BIG and EDOM as with folder_flags(), … */
int append_commit(
    struct append *a, struct folder *open, uint32_t *uidvalidity_r);
/* Take back what append_commit() has done, unless another session has moved it
 * on meanwhile. */
void append_undo(struct append *a);
void append_end(struct append *a);

/* STATUS: what a mailbox holds, without a session. */
struct mailbox_status {
	uint32_t messages, unseen, deleted;
	uint32_t recent; /* only if asked for */
	uint32_t uidnext, uidvalidity;
	uint64_t modseq;        /* the highest */
	uint64_t size;          /* sum of W=; only if asked for */
	uint64_t deleted_bytes; /* S= of those with \Deleted; likewise */
};
/* Values looked up for each message whose name lacks them. */
enum { STATUS_SIZE = 1, STATUS_DELETED_BYTES = 2, STATUS_RECENT = 4 };
int mailbox_status(struct store *s, struct span mailbox, unsigned also,
    struct mailbox_status *r);
/* Something about the mailbox has changed that no message says: its highest modseq
 * grows. -1 and errno. */
int mailbox_tick(struct store *s, struct span mailbox);

#endif
