/* What the files of the folder share; not for others. */
#ifndef STORE_FOLDER_INSIDE_H
#define STORE_FOLDER_INSIDE_H

#include "store/folder.h"
#include "store/reading.h"

/* Lock a directory's folder; the descriptor to close, or -1 and errno. */
int maildir_lock(const struct maildir *m);
/* The same for the session's own folder. */
int folder_lock(struct folder *f);
void folder_unlock(struct folder *f, int lock);
/* Read the directories under the lock, which the caller holds: give UIDs, mark
 * what is gone and changed. */
int folder_read(struct folder *f);
/* The second half of it: renamed_r tells that files were renamed. */
int folder_read_into(struct folder *f, bool *renamed_r);
/* Nobody has changed the directories since they were read (asked under the
 * lock, before a change of our own) … */
bool folder_is_current(const struct folder *f);
/* … and then our own change is no reason to read them again. */
void folder_touched(struct folder *f, bool was_current);
/* Put a message of our own behind all others, which has just come into cur/ of a
 * folder that was current, under this name. Under the lock. */
void folder_add(struct folder *f, struct span file);
/* Mark a message gone. */
void folder_set_gone(struct folder *f, uint32_t at);
/* The directory a message's file is in. */
int folder_dir(const struct folder *f, uint32_t at);

#endif
