/* Domains in canonical form, as keys: lower case, IDNA's ASCII form. */
#ifndef MAIL_DOMAIN_H
#define MAIL_DOMAIN_H

#include "base/str.h"

/* Append the folded domain, without a last dot. False when it is not a domain
 * (a literal in brackets is not); the appended bytes are then undefined. */
bool domain_fold(struct span domain, struct str *key_r);
/* Append the Unicode form of a folded domain; unchanged if it has none. */
void domain_unicode(const char *folded, struct str *out);
/* Like domain_fold(), but also accepts a literal, in canonical form
 * ("[192.0.2.1]", "[IPv6:2001:db8::1]"): any domain part of an address. */
bool domain_fold_any(struct span domain, struct str *key_r);

/* A domain in its ASCII form that is safe in a DNS query, a header, a URL and a
 * file name: labels of letters, digits, "-" and "_", none of them empty, at
 * most DOMAIN_PLAIN_MAX bytes, without a last dot. */
enum { DOMAIN_PLAIN_MAX = 253 };
bool domain_is_plain(struct span domain);

#endif
