/* Strings in IMAP's format (RFC 3501 section 4.3). */
#ifndef MAIL_NSTRING_H
#define MAIL_NSTRING_H

#include "base/str.h"

/* Append a quoted string; a literal when it is long, has 8-bit bytes, CR, LF
 * or NUL; never {0}. */
void string_add(struct str *out, struct span s);
/* The same for a client that accepts UTF-8 in quoted strings. */
void string_add_utf8(struct str *out, struct span s);
/* The same, NIL when there is none (at == NULL). */
void nstring_add(struct str *out, struct span s);
/* A header value: unfolded and trimmed first; NIL when at == NULL. */
void nstring_add_value(struct str *out, struct span value);

#endif
