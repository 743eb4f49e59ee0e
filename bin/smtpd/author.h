/* The addresses in a From: or Sender: field (RFC 5322 3.4), to compare them
 * with accounts: every one that some reader might show, also where none should
 * be, which lib/mail/mailboxes passes over. */
#ifndef SMTPD_AUTHOR_H
#define SMTPD_AUTHOR_H

#include "base/str.h"

/* Append the value without comments, blanks and folds; quoted strings stay as
 * they are, and one blank between two words that nothing else parts. */
void author_plain(struct span value, struct str *plain);
/* Take the next address off the plain value: what stands in brackets (without
 * a route), else the whole item; empty items are skipped. */
bool author_next(struct span *plain, struct span *address_r);
/* The domain of such an address, at == NULL: it has none. False when it can't
 * be told, since words follow it or a second '@'. */
bool author_domain(struct span address, struct span *domain_r);

#endif
