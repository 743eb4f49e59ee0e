/* Domains in their one form, as keys: lower case, IDNA's ASCII form. */
#ifndef MAIL_DOMAIN_H
#define MAIL_DOMAIN_H

#include "base/str.h"

/* Append the folded domain, without a last dot. False when it is none (nor is
 * a literal in brackets); then what was appended means nothing. */
bool domain_fold(struct span domain, struct str *key_r);

#endif
