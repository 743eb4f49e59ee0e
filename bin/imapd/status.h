/* STATUS items, also asked for by LIST (RFC 5819). */
#ifndef IMAPD_STATUS_H
#define IMAPD_STATUS_H

#include "session.h"

/* Take "(MESSAGES UNSEEN ...)"; a set of bits, 0 when malformed. */
unsigned status_take(struct parser *p);
/* Write the untagged STATUS; -1 and errno when the mailbox can't be read. */
int status_put(struct session *s, struct span mailbox, unsigned items);

#endif
