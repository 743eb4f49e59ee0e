/* Places of other hosts, by hand: one new message in the spool for all. */
#ifndef DELIVER_FORWARD_H
#define DELIVER_FORWARD_H

#include "message.h"
#include "place.h"
#include "spool/spool.h"

/* Its id is derived from this one's and the recipient, so that a repeated
 * delivery finds it. The sender is kept. Sets the job's result. */
void forward_deliver(
    const struct spool *s, struct job *j, const struct message *m);

#endif
