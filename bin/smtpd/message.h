/* The message on its way in: its header is collected and looked at, its body
 * goes straight to the disk. The first thing wrong with it is remembered and
 * answered for after its end, so the session stays in step with the client. */
#ifndef SMTPD_MESSAGE_H
#define SMTPD_MESSAGE_H

#include "lines.h"
#include "spool/spool.h"

struct session;

struct message {
	struct lines lines;
	struct str text;   /* of the block at hand, in the disk's line ends */
	struct str header; /* collected so far */
	bool in_body;
	uint64_t size;          /* bytes of text so far */
	struct spool_file file; /* where it goes, file.fd -1: nowhere */
	int scratch;            /* or here first, for the filters; -1: not */
	struct str pending;     /* for scratch, not written yet */

	int code; /* what is wrong with it; 0: nothing */
	const char *status;
	struct str reason;
};

void message_init(struct message *m);
void message_free(struct message *m);

void message_start(struct session *s, bool chunked);
/* One block from the wire. True at the end of the data; then block is what
 * follows it. */
bool message_block(struct session *s, struct span *block);
/* The end: check, filter, commit, answer. */
void message_end(struct session *s);
/* It was refused before its end: one answer, to the command. */
void message_fail(struct session *s);
/* Forget it. */
void message_abort(struct session *s);
/* Something is wrong: only the first counts. What is on disk is let go. */
__attribute__((format(printf, 4, 5))) void message_refuse(
    struct session *s, int code, const char *status, const char *format, ...);
/* A call for the disk failed: RFC 5321 452 or 451. */
void message_refuse_errno(struct session *s);

/* Look at the collected header and write it with the trace fields (trace.c). */
void trace_write(struct session *s);
/* Append to the message on disk. */
void message_write(struct session *s, struct span text);

#endif
