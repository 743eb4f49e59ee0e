/* Macros in SPF records (RFC 7208 7). */
#ifndef TRUST_SPF_MACRO_H
#define TRUST_SPF_MACRO_H

#include "trust/spf.h"

/* Set *out to a domain-spec with its macros expanded, cut from the left to what a
 * domain may have, in the form that the DNS is asked in. domain is the one whose record it is in. %{p} asks the
 * DNS. */
void spf_macro_expand(
    struct spf *s, struct span spec, struct span domain, struct str *out);
/* It has %{p}. */
bool spf_macro_needs_names(struct span spec);

#endif
