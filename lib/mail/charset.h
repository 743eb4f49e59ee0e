/* Text of any character set of mail as UTF-8, from our own tables: iconv(3)
 * would load modules at run time. */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include "base/str.h"

/* Append in as UTF-8; bytes that mean nothing become U+FFFD. False, and
 * nothing appended, when the character set is unknown. */
bool charset_decode(struct str *out, struct span charset, struct span in);
bool charset_known(struct span charset);
/* Append one code point as UTF-8. */
void utf8_add(struct str *out, uint32_t point);
/* Take one code point; a malformed byte gives U+FFFD and is taken alone.
 * False at the end. */
bool utf8_take(struct span *rest, uint32_t *point_r);
/* A code point that is not for a person's eyes: C0 and C1 controls, the line
 * separators, and what changes the direction of writing. */
bool utf8_is_control(uint32_t point);

#endif
