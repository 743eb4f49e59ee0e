/* The current message, as far as it is on the disk. Its first fault is kept and
 * reported after its end, so that the session stays in sync with the client. */
#ifndef SMTPD_MESSAGE_H
#define SMTPD_MESSAGE_H

#include "lines.h"
#include "mail/header.h"
#include "spool/spool.h"

struct session;

enum { FILTER_STATUS_MAX = sizeof "5.999.999" };

struct message {
	struct lines lines;
	struct str text;   /* of the present block, with the disk's line ends */
	struct str header; /* collected so far, with the block it ends in */
	struct header_scan scan; /* of that */
	bool in_body;
	uint64_t size;          /* bytes of text so far */
	char last;              /* the last of those that were written */
	struct spool_file file; /* its destination; file.fd -1: none */
	int scratch;            /* or here first, for the filters; -1: not */
	struct str pending;     /* for scratch, not written yet */

	int code; /* reply code of its fault; 0: none */
	const char *status;
	char filter_status[FILTER_STATUS_MAX]; /* one that a filter gave */
	const char *rule; /* the violated rule: see refuse() */
	struct str reason;
	struct span name; /* its Message-ID, for the log; in the envelope's
			   * memory */
};

void message_init(struct message *m);
void message_free(struct message *m);

/* Discard it. */
void message_abort(struct session *s);
/* Record a fault: only the first counts. The part on disk is discarded. */
__attribute__((format(printf, 5, 6))) void message_refuse(struct session *s,
    const char *rule, int code, const char *status, const char *format, ...);
/* A disk operation failed: RFC 5321 452 or 451. */
void message_refuse_errno(struct session *s);

/* Append to the message on disk. */
void message_write(struct session *s, struct span text);
/* Write the bytes pending for the scratch file; false: the message is now
 * refused. */
bool message_flush(struct session *s);

#endif
