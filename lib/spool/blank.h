/* Used spool files, kept to be written again: making and removing a file costs
 * a file system more than filling one, and on some it is most of the work of a
 * small message. They lie in CHAINMAIL_SPOOL/blank under the names 00 to 7f.
 * Only queue-run gives and only writers of messages take; it removes them when
 * there is nothing to do, so an idle spool is empty.
 *
 * A file is given only when nobody can have it open any more: its message was
 * delivered at the first try by a worker that has answered, and no filter ever
 * wrote it (those are left unwritable). It is taken by rename, must have one
 * name and be ours to write, and is cut to nothing before the first byte.
 * Power cut: the renames of a file are in the order in which they were made,
 * so either the finished message is back, whole, and is delivered onto its own
 * name, or the new one is in tmp/ or new/. */
#ifndef SPOOL_BLANK_H
#define SPOOL_BLANK_H

#include "spool/spool.h"

/* Turn new/NAME into a blank; false: there is no room, or it can't be done.
 * The name is gone only if true. */
bool blank_give(const struct spool *s, const char *name);
/* A blank as tmp/NAME, empty and open for writing; -1: there is none. */
int blank_take(const struct spool *s, const char *name);
/* Remove them all; how many. */
unsigned blank_purge(const struct spool *s);

#endif
