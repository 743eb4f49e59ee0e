/* The field Authentication-Results (RFC 8601 2.2). */
#ifndef TRUST_AUTHRES_H
#define TRUST_AUTHRES_H

#include "mail/header.h"
#include "trust/result.h"

/* Take the next part between semicolons, those in comments and quoted strings
 * not counting. False at the end. */
bool authres_next(struct span *rest, struct span *part_r);
/* One of the parts is method=pass. */
bool authres_passes(struct span results, const char *method);
/* The field is Authentication-Results of this name (RFC 8601 5: what claims to
 * be ours, and came from outside, must go). One that can't be read is too. */
bool authres_is_of(const struct header_field *field, struct span name);

/* Append the beginning, "Authentication-Results: NAME". */
void authres_begin(struct str *out, struct span name);
/* Append one result, after a ';' and a fold, with a comment if it is not
 * empty. */
void authres_add(
    struct str *out, const char *method, enum result r, struct span comment);
/* Append a property of that result, such as header.d; the value is quoted if
 * needed. None if it is empty. */
void authres_property(struct str *out, const char *name, struct span value);
/* Append the end; without a result that is "; none". */
void authres_end(struct str *out);

#endif
