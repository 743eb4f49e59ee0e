/* Recovering what workers of an earlier process did after it ended. */
#ifndef RECOVER_H
#define RECOVER_H

#include "runner.h"

/* Add their notes up to now to the state files, safely. id: a message that is
 * about to be tried, or NULL. -1 and errno: any recipient may have been
 * delivered without being noted. The notes of an unreadable message are kept;
 * that is an error only for the message with this id. */
int recover_notes(struct runner *r, const char *id);

#endif
