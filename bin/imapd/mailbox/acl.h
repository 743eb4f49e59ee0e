/* SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314). */
#ifndef IMAPD_ACL_H
#define IMAPD_ACL_H

#include "session.h"

/* Write the untagged MYRIGHTS of a mailbox that exists; nothing without any of
 * the rights that let the client ask. False: it was nothing. */
bool myrights_put(struct session *s, struct span mailbox);

#endif
