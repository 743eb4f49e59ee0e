/* LIST and LSUB: which names match. */
#ifndef IMAPD_LIST_H
#define IMAPD_LIST_H

#include "session.h"
#include "store/mailbox.h"

/* The name matches the pattern: '*' matches anything, '%' anything without '/'.
 * The time is at most quadratic in the name's length. */
bool list_match(struct span name, struct span pattern);

/* Write an untagged LIST of one mailbox (its state without any: \NonExistent),
 * with \Subscribed; old: the name that it had (OLDNAME), or len 0. */
void list_tell(struct session *s, const struct mailbox *m, struct span old);
/* The same of the mailbox that was selected, as in a plain LIST. */
void list_selected(struct session *s, struct span mailbox, struct span old);

#endif
