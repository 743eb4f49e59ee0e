/* Other processes: the helper, which alone may start programs, to make reports;
 * and workers of our own. Both are started before the sandbox. */
#ifndef HELPER_H
#define HELPER_H

#include "spool/spool.h"

/* The connection to the helper. It gets "report n=… id=… as=… to=… kind=…
 * [double=1]" and answers as a worker does. */
int helper_start(const struct spool *s);
/* Start deliver or send on a socket pair; -1: there is no such program. */
int worker_start(const char *program);

#endif
