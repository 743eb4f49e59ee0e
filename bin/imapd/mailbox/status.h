/* STATUS items, also for LIST (RFC 5819). */
#ifndef IMAPD_STATUS_H
#define IMAPD_STATUS_H

#include "session.h"

/* Take "(MESSAGES UNSEEN ...)"; a set of bits, 0 when malformed. */
unsigned status_take(struct session *s);
/* The bit of one item. */
unsigned status_item(const char *name);
/* The client has asked for these: RFC 7162 3.1. */
void status_enable(struct session *s, unsigned items);
/* Write the untagged STATUS; -1 and errno when the mailbox can't be read. */
int status_put(struct session *s, struct span mailbox, unsigned items);

#endif
