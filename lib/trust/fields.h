/* All fields of a header, to be looked up by name. */
#ifndef TRUST_FIELDS_H
#define TRUST_FIELDS_H

#include "mail/header.h"

enum { FIELDS_MAX = 10000 }; /* of a longer header only the first ones */

struct field {
	struct header_field is;
	uint32_t hash;  /* of its name in lower case */
	uint32_t taken; /* the signature's number that has hashed it last */
};
struct fields {
	struct field *at;
	size_t count;
	bool all;         /* there are no more */
	struct span body; /* what follows the header in the text read */
	uint32_t number;  /* of the signature that is looked at */
};

/* Spans into the text, which begins with the header. */
void fields_read(struct fields *f, struct span text);
void fields_free(struct fields *f);
uint32_t fields_hash(struct span name);
/* How many fields have this name. */
size_t fields_of_name(const struct fields *f, const char *name);
/* Before fields_take(): nothing has been taken. */
void fields_restart(struct fields *f);
/* The last field of this name that has not been taken yet (RFC 6376 5.4.2), but
 * not `except`; NULL: there is none. */
const struct header_field *fields_take(
    struct fields *f, struct span name, const struct header_field *except);

#endif
