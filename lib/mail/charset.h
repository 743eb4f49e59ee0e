/* Text of any character set of mail as UTF-8, from our own tables: iconv(3)
 * would load modules at run time. */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include "base/str.h"

/* Append in as UTF-8; invalid bytes become U+FFFD. False, and nothing appended,
 * when the character set is unknown. */
bool charset_decode(struct str *out, struct span charset, struct span in);
bool charset_known(struct span charset);
/* It is UTF-8 or a part of it, so decoding only replaces invalid bytes. */
bool charset_is_utf8(struct span charset);
/* It has one byte for each character, the first 128 those of ASCII: the code points
 * of the others. */
bool charset_high(struct span charset, uint16_t high_r[128]);
/* A sum of the tables, which are of the machine that built this: the same where
 * text is decoded alike. */
uint32_t charset_sum(void);

#endif
