/* The socket for the administrator's tools. Only root and our own uid may use
 * it; the answer to a client that doesn't read is dropped, without waiting. */
#ifndef CONTROL_H
#define CONTROL_H

#include "runner.h"

enum { CONTROL_FDS = 9 };

/* Listen on CHAINMAIL_RUN/queue. */
struct control *control_start(void);
/* Its descriptors for poll(2), -1 for unused ones. */
void control_fds(const struct control *c, int fds_r[CONTROL_FDS]);
/* The n-th of them is ready. */
void control_read(struct runner *r, size_t n);

#endif
