/* A message that is not open: when it is due, and where it waits. */
#ifndef ENTRY_H
#define ENTRY_H

#include "runner.h"

/* All remaining recipients of the message go there (NULL: not known). */
void entry_set_destination(
    struct runner *r, struct entry *e, struct destination *d);
/* Record the destinations of the remaining recipients of a sorted message. */
void entry_note_destinations(struct runner *r, struct message *m);
/* Remove it from the queue. */
void entry_forget(struct runner *r, struct entry *e);
/* No worker has it any more; it is due then, unless the administrator asked for
 * another action. */
void entry_wait(struct runner *r, struct entry *e, int64_t due);
/* The same, but due as soon as this destination has room. */
void entry_park(struct runner *r, struct entry *e, struct destination *d);
/* Carry out the administrator's request; false: there is none. */
bool entry_wish(struct runner *r, struct entry *e);
/* Remove a message and record it in the history; -1 and errno. */
int entry_remove(struct runner *r, const char *id);
/* The message is so old that a warning or a bounce is due. */
bool entry_is_late(const struct runner *r, const struct entry *e, int64_t now);
/* Forget the destinations of all entries. */
void entries_forget_destinations(struct runner *r);
/* Make everything due now, and end all back-offs. */
void entries_wake(struct runner *r);

#endif
