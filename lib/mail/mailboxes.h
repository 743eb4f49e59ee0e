/* The addresses of a header field or a command line (RFC 5322 3.4, 4.4): names,
 * comments, routes, groups and folds are skipped. */
#ifndef MAIL_MAILBOXES_H
#define MAIL_MAILBOXES_H

#include "base/str.h"

/* Take the next address off the list. address_r is replaced with it, without
 * blanks and comments; it may still be invalid in SMTP. behind_r is the text
 * after its last word, where a bare name gets its domain. False at the end. No
 * input is an error. */
bool mailboxes_next(
    struct span *rest, struct str *address_r, struct span *behind_r);
/* It has no domain. */
bool mailbox_is_bare(struct span address);

#endif
