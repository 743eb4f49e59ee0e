/* Who may send what to whom. */
#ifndef SMTPD_POLICY_H
#define SMTPD_POLICY_H

#include "session.h"

/* Each replies itself when the answer is no. */

/* May this client send in the name of this address? */
bool policy_sender(struct session *s, const struct address *a);
/* May it send to this one, and is there such a mailbox with room? The address
 * as text, in its one form. */
bool policy_recipient(struct session *s, struct span text);
/* May the account stand in a From: field with this address? 1 yes, 0 no, -1
 * ask later; no reply. */
int policy_author(struct session *s, struct span address);

#endif
