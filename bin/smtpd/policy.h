/* Policy: who may send to whom. */
#ifndef SMTPD_POLICY_H
#define SMTPD_POLICY_H

#include "session.h"

/* The peer is in a network of `relay`. */
bool policy_trusts(const struct session *s);

/* Each sends the reply itself when the answer is no. */

/* May this client send as this address? */
bool policy_sender(struct session *s, const struct address *a);
/* May it send to this one, and is there such a mailbox with room? The address
 * is text, in canonical form; a literal of this machine is replaced by its
 * domain, and ORCPT keeps the client's form. */
bool policy_recipient(struct session *s, struct recipient *to);
/* The same for a sender that a user may send as. */
void policy_rename_sender(struct session *s);
/* May the account use this address in a From: field? 1 yes, 0 no, -1 try later;
 * sends no reply. */
int policy_author(struct session *s, struct span address);

#endif
