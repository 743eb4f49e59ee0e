/* Expanding an address to places: recipients of their own. */
#ifndef EXPAND_H
#define EXPAND_H

#include "runner.h"

/* A worker reported a place of recipient i. */
void expand_place(struct message *m, size_t i, const struct reply *a);
/* The worker answered for recipient i with this number of places. False: it
 * reported another number; they are dropped. */
bool expand_complete(struct message *m, size_t i, uint64_t places);
/* Drop the places reported for recipient i: its worker is gone. */
void expand_forget(struct message *m, size_t i);
/* Recipient i was expanded: add its places as recipients, except those that the
 * message already has. */
void expand_apply(struct message *m, size_t i);

#endif
