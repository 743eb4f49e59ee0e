/* The canonical form of an international domain, for statically linked
 * programs, without a library. */
#ifndef MAIL_IDNA_H
#define MAIL_IDNA_H

#include "base/str.h"

/* Append the domain as used in DNS: mapped by UTS 46 (non-transitional;
 * capitals, other dots, wide letters), in NFC, labels beyond ASCII in Punycode
 * (RFC 3492). The same as domain_fold() for valid domains; others give a result
 * that no domain has, or false. */
bool idna_ascii(struct span domain, struct str *out);

#endif
