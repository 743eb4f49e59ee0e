/* Addresses and the names that belong to them (RFC 7208 5.5, 5.6; RFC 8601 3:
 * iprev). */
#ifndef TRUST_SPF_NAMES_H
#define TRUST_SPF_NAMES_H

#include "trust/spf.h"

/* The first bits of the address are those of this network, of its family. */
bool spf_address_within(
    const struct spf_address *a, const void *network, unsigned bits);
/* Append the name of its PTR record. */
void spf_address_reverse(const struct spf_address *a, struct str *out);
/* Fill in s->names: those of the client's PTR records that lead back to it. */
void spf_names_find(struct spf *s);

/* The same for iprev. RESULT_PASS: *name_r is one such name; the memory is the
 * resolver's. */
enum result iprev_check(
    struct resolver *r, const struct spf_address *client, struct span *name_r);

#endif
