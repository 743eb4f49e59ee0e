/* The count of changes in `folder.lock`: a session that changes a folder under
 * its lock writes another number there, so that sessions see each other's
 * changes even within one tick of the file system's clock. Changes made without
 * the lock (deliveries, other programs) show only in the directories' times.
 *
 *	chainmail-changes 1 00001764000000000000 LF */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include <stdint.h>

/* The number in the file (a descriptor of folder.lock); 0 when it has none yet
 * or can't be read. */
uint64_t changes_read(int file);
/* Write a number that the file never held, and return it; last: its present
 * number, read under the lock. Call it under the lock, after the changes:
 * without the new number a reader may have seen an unfinished change. 0 when it
 * can't be written: then only the times show the change. */
uint64_t changes_note(int file, uint64_t last);

#endif
