/* Jobs to workers: of this host by message, in turn; of other hosts by
 * destination (share.h). */
#ifndef DISPATCHER_H
#define DISPATCHER_H

#include "runner.h"

/* Hand out waiting local jobs and reports. */
void dispatcher_local(struct runner *r);
/* Put recipient i, which has a destination, into a transaction of the
 * message. */
void dispatcher_add(struct runner *r, struct message *m, size_t i);
/* All recipients are sorted: their transactions join the destinations'
 * lines. */
void dispatcher_join(struct runner *r, struct message *m);
/* The destination may have one more open message. */
bool dispatcher_room(const struct runner *r, const struct destination *d);
/* Answer for a recipient, or for all waiting in destinations' lines, that no
 * sending program is running. */
void absent_answer(struct runner *r, struct message *m, size_t i);
void dispatcher_absent(struct runner *r);

/* share.c: the workers that send are shared out among the destinations. A
 * worker gets the next transaction of its last destination, but only a limited
 * number while others wait. */
/* Hand out waiting mail to free workers. Returns a destination that has a
 * worker but whose parked message must be opened first; call again then. NULL:
 * done. */
struct destination *share_go(struct runner *r);
/* Mail waits for a worker or for its turn. */
bool share_waits(const struct runner *r);

#endif
