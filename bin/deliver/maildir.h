/* Many messages into many Maildirs, made durable together. */
#ifndef DELIVER_MAILDIR_H
#define DELIVER_MAILDIR_H

#include "boxes.h"
#include "message.h"
#include "store/delivery.h"
#include "store/quota.h"

enum { BATCH_MAX = 64 };
struct drop {
	struct delivery delivery;
	struct maildir folder; /* a subfolder, closed after the commit */
	bool in_folder;
	struct box *box;
	struct job *job;
	struct quota quota; /* if the account has one */
};
struct batch {
	struct boxes boxes;
	struct drop drops[BATCH_MAX];
	size_t count;
};

void batch_init(struct batch *b);
void batch_free(struct batch *b);
/* Write the message to tmp/ of its Maildir; it is delivered when the batch is
 * committed (also done here when the batch is full). Errors become the job's
 * result. */
void batch_add(struct batch *b, struct job *j, const struct message *m);
/* Sync and rename all written messages; the jobs' results are then final. */
void batch_commit(struct batch *b);

#endif
