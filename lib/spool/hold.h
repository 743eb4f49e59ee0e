/* An administrator's actions on messages of the spool: for queue-run, and for
 * tools while no queue-run is running (they hold its lock meanwhile). The calls
 * are durable after hold_sync(), once for any number of calls. They return 0,
 * or -1 and errno; ENOENT: there is no such message. */
#ifndef SPOOL_HOLD_H
#define SPOOL_HOLD_H

#include "spool/spool.h"

enum { HOLD_REMOVED = 69 }; /* the verdict: EX_UNAVAILABLE */

/* Take queue-run's lock, waiting up to wait_ms; the descriptor that holds it,
 * or -1: EAGAIN when another process has it. */
int spool_lock(int wait_ms);

/* Move new/NAME to hold/NAME, where it is not tried. */
int hold_put(const struct spool *s, const char *name);
/* And back. */
int hold_release(const struct spool *s, const char *name);
/* Remove the message, from new/ or hold/, and its state. */
int hold_remove(const struct spool *s, const char *name);
/* Record in its state that every unfinished recipient failed ("removed by the
 * administrator"), so that queue-run reports and removes it; a held message is
 * then released. Durable by itself. */
int hold_fail(const struct spool *s, const char *name);
int hold_sync(const struct spool *s);

#endif
