/* Removing messages from the selected mailbox. */
#ifndef IMAPD_SELECT_H
#define IMAPD_SELECT_H

#include "argument.h"

/* Remove these, or those of them that have \Deleted; log it, and take the mark
 * of a full mailbox away. -1 and errno as folder_expunge(). */
int session_expunge(
    struct session *s, const struct chosen *among, bool deleted_only);

#endif
