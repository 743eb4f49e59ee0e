/* A file of messages one after another, each behind a From_ line. */
#ifndef DELIVER_MBOX_H
#define DELIVER_MBOX_H

#include "message.h"

/* Append the message, locked (fcntl and NAME.lock), synced; a failed write is
 * taken back by truncation. The result is the job's. */
void mbox_deliver(struct job *j, const struct part *p, const struct message *m);

#endif
