/* Addresses of the command line, and the domain that one needs. */
#ifndef CHAINMAIL_USER_ADDRESS_H
#define CHAINMAIL_USER_ADDRESS_H

#include "file.h"

/* The address, or "@domain", as the key it has; ends the program (USAGE) when
 * it is neither. key_r is empty before. */
void address_take_key(const char *text, struct str *key_r);
/* The same for an address alone. */
void address_take_user(const char *text, struct str *key_r);
/* An address in a domain that is another name of one becomes that one's, which
 * is said on stderr; "@domain" stays. */
void address_settle(const struct users_file *f, struct str *key);
/* Give the key's domain a line of its own, unless it has one, is this host's
 * name, or is an alias. */
void address_add_domain(struct users_file *f, struct span key);

#endif
