/* The addresses in a From: or Sender: field (RFC 5322 3.4), to compare them
 * with accounts: every one that a mail reader might display, even in places
 * that lib/mail/mailboxes skips. */
#ifndef SMTPD_AUTHOR_H
#define SMTPD_AUTHOR_H

#include "base/str.h"

/* Append the value without comments, blanks and folds; quoted strings are
 * unchanged, and words not otherwise separated keep one blank. */
void author_plain(struct span value, struct str *plain);
/* Take the next address off the plain value: the text in brackets (without a
 * route), else the whole item; empty items are skipped. */
bool author_next(struct span *plain, struct span *address_r);
/* The domain of such an address, at == NULL: it has none. False when it is
 * ambiguous, because words or a second '@' follow. */
bool author_domain(struct span address, struct span *domain_r);

#endif
