/* What an administrator does to messages of the spool: for queue-run, and for
 * tools while no queue-run works on it (they hold its lock meanwhile). The
 * calls are durable after hold_sync(), which is enough once for many. They
 * return 0, or -1 and errno; ENOENT: there is no such message. */
#ifndef SPOOL_HOLD_H
#define SPOOL_HOLD_H

#include "spool/spool.h"

enum { HOLD_REMOVED = 69 }; /* the verdict: EX_UNAVAILABLE */

/* Take the lock of queue-run, waiting up to wait_ms; the descriptor that holds
 * it, or -1: EAGAIN when another process has it. */
int spool_lock(int wait_ms);

/* new/NAME to hold/NAME: nobody tries it. */
int hold_put(const struct spool *s, const char *name);
/* And back. */
int hold_release(const struct spool *s, const char *name);
/* Remove the message, from new/ or hold/, and its state. */
int hold_remove(const struct spool *s, const char *name);
/* Note in its state that every recipient that is not done failed ("removed by
 * the administrator"), so that queue-run reports and removes it; a held message
 * is released when that is noted. Durable by itself. */
int hold_fail(const struct spool *s, const char *name);
int hold_sync(const struct spool *s);

#endif
