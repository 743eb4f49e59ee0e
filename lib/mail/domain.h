/* Domains in their one form, as keys: lower case, IDNA's ASCII form. */
#ifndef MAIL_DOMAIN_H
#define MAIL_DOMAIN_H

#include "base/str.h"

/* Append the folded domain, without a last dot. False when it is none (nor is
 * a literal in brackets); then what was appended means nothing. */
bool domain_fold(struct span domain, struct str *key_r);
/* The same, and a literal in its one form ("[192.0.2.1]", "[IPv6:2001:db8::1]"):
 * what an address may have behind its @. */
bool domain_fold_any(struct span domain, struct str *key_r);

#endif
