/* Used spool files, kept for reuse: creating and removing a file costs a file
 * system more than filling one, on some most of the work for a small message.
 * They lie in CHAINMAIL_SPOOL/blank under the names 00 to 7f. Only queue-run
 * gives and only writers of messages take; queue-run removes them when idle, so
 * an idle spool is empty.
 *
 * A file is given only when nobody can have it open any more: its message was
 * delivered at the first try by a worker that has answered, and no filter wrote
 * it (such files are left unwritable). It is taken by rename, must have one
 * name, be writable and not be open elsewhere, and is truncated before the
 * first byte. Power cut: renames of a file survive in order, so either the
 * finished message is back, complete, and is delivered under its old name, or
 * the new one is in tmp/ or new/. */
#ifndef SPOOL_BLANK_H
#define SPOOL_BLANK_H

#include "spool/spool.h"

/* Turn new/NAME into a blank; false: no free slot, or failed. The name is gone
 * only if true. */
bool blank_give(const struct spool *s, const char *name);
/* A blank as tmp/NAME, empty and open for writing; -1: there is none. */
int blank_take(const struct spool *s, const char *name);
/* Remove them all; returns how many. */
unsigned blank_purge(const struct spool *s);

#endif
