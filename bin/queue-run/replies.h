/* Workers' replies and ends: sets results of attempts and the state of
 * destinations. Messages with a next step go to the ready list. */
#ifndef REPLIES_H
#define REPLIES_H

#include "runner.h"

/* Read a worker's replies; c is freed when the connection has ended. */
void replies_read(struct runner *r, struct pool *p, struct connection *c);
/* The worker is gone, or is given up. */
void replies_lost(struct runner *r, struct pool *p, struct connection *c);
/* The connection is about to be closed: detach it from its destination. */
void connection_leave(struct runner *r, struct connection *c);

#endif
