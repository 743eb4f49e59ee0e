/* Finding messages in the spool: all of them at the start, then by inotify. */
#ifndef SCAN_H
#define SCAN_H

#include "runner.h"

/* Open the lock: another runner on this spool ends this one. */
void scan_lock(void);
/* Watch new/, before it is read. */
void scan_watch(struct runner *r);
/* Read everything left by an earlier process. */
void scan_start(struct runner *r);
/* Handle arrivals in new/. */
void scan_events(struct runner *r);
/* Remove files older than 36 hours from tmp/, and old history. */
void scan_clean(struct runner *r);

#endif
