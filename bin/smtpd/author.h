/* The addresses in a From: or Sender: field (RFC 5322 3.4), to compare them
 * with accounts: names, comments and blanks are thrown away. */
#ifndef SMTPD_AUTHOR_H
#define SMTPD_AUTHOR_H

#include "base/str.h"

/* Append the value without comments, blanks and folds; quoted strings stay as
 * they are. */
void author_plain(struct span value, struct str *plain);
/* Take the next address off the plain value: what stands in brackets (without
 * a route), else the whole item; empty items are skipped. */
bool author_next(struct span *plain, struct span *address_r);

/* Take blanks, folds and comments off the front. */
void author_skip(struct span *rest);

#endif
