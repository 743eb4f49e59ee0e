/* Encoded words (RFC 2047) and header text for people. */
#ifndef MAIL_WORD_H
#define MAIL_WORD_H

#include "base/str.h"

/* Append a header field's value as UTF-8: unfolded, its encoded words decoded
 * (also inside quotes, where RFC 2047 forbids them but mail has them), other
 * 8-bit bytes taken as UTF-8, or Latin-1 when they are not. */
void word_decode(struct str *out, struct span value);

#endif
