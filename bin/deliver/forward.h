/* Targets on other hosts: one new message in the spool for all of them. */
#ifndef DELIVER_FORWARD_H
#define DELIVER_FORWARD_H

#include "message.h"
#include "spool/spool.h"

/* Its id is derived from this one's and the recipient, so that a repeated job
 * finds it there. The sender stays. The result is the job's. */
void forward_deliver(
    const struct spool *s, struct job *j, const struct message *m);

#endif
