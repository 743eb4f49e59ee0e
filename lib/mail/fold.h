/* Text as it is compared (RFC 5051, i;unicode-casemap): for SEARCH, SORT and
 * THREAD. */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include "base/str.h"

/* Append UTF-8 text as it is compared byte by byte: each letter in its title
 * case, taken apart into what it is made of. Malformed bytes are U+FFFD.
 * Result is UTF-8; what is appended depends on text alone. */
void fold_add(struct str *out, struct span text);
/* The same of text of a character set that has one byte for each character: the
 * code points of bytes 80 to ff. */
void fold_bytes_add(
    struct str *out, struct span text, const uint16_t high[128]);
/* A sum of the tables, which are of the machine that built this: the same where
 * text is folded alike. */
uint32_t fold_sum(void);

#endif
