/* A file of messages, each preceded by a From_ line. */
#ifndef DELIVER_MBOX_H
#define DELIVER_MBOX_H

#include "message.h"

/* Append the message, locked (fcntl and NAME.lock) and synced, with the folder
 * of a new file; a failed write is undone by truncation. Sets the job's
 * result. */
void mbox_deliver(struct job *j, const struct message *m);

#endif
