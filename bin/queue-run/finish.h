/* The next step of a message: results are judged and noted, due reports are
 * made, and finally the message waits again or is removed. Between steps the
 * notes are made safe (doc/architecture.md, The journal). */
#ifndef FINISH_H
#define FINISH_H

#include "runner.h"

/* Advance a message of the ready list. It ends up on another list, waits for
 * replies, or is closed. */
void finish_step(struct runner *r, struct message *m);
/* The journal is synced: messages that waited for it become ready. */
void finish_synced(struct runner *r);
/* Retry messages whose results could not be written, if it is time (or now). */
void finish_stuck(struct runner *r, bool now);
/* Before exit: note all results that can be noted. */
void finish_all(struct runner *r);
/* Close the message; its entry already has its place. */
void finish_release(struct runner *r, struct message *m);

#endif
