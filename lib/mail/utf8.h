/* UTF-8 by code points. */
#ifndef MAIL_UTF8_H
#define MAIL_UTF8_H

#include "base/str.h"

enum { REPLACEMENT = 0xfffd, UTF8_MAX = 4 /* bytes of a code point */ };

/* Write one code point, at most UTF8_MAX bytes; how many. */
size_t utf8_put(char *to, uint32_t point);
/* Append one code point. */
void utf8_add(struct str *out, uint32_t point);
/* Take the ASCII bytes at the front and append them, many at once. */
void utf8_add_ascii(struct str *out, struct span *rest);
/* Take one code point; a malformed byte gives U+FFFD and is taken alone.
 * False at the end. */
bool utf8_take(struct span *rest, uint32_t *point_r);
/* A code point that must not be displayed: C0 and C1 controls, line separators,
 * and changes of the writing direction. */
bool utf8_is_control(uint32_t point);

#endif
