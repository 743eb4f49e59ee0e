/* Due messages are taken from the queue, opened, locked, and their recipients
 * sorted by destination. */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include "runner.h"

/* Open due messages, as far as there is room. */
void scheduler_go(struct runner *r);
/* Open a message parked at this destination, if any. */
void scheduler_parked(struct runner *r, struct destination *d);
/* Sort new recipients of open messages: places of expanded addresses. */
void scheduler_places(struct runner *r);
/* More messages can be opened now. */
bool scheduler_room(const struct runner *r);

#endif
