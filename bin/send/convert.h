/* A message made fit for hosts that take 7 bits, short lines, no odd bytes:
 * RFC 6152 3, RFC 2045 6. */
#ifndef SEND_CONVERT_H
#define SEND_CONVERT_H

#include "base/str.h"

/* Append the message (LF line ends) converted. NULL: done; else why it can't
 * be (a constant). seven: bytes above 127 in bodies must go too; they stay in
 * header fields, where no encoding is certain to mean the same. */
const char *convert_text(struct span message, bool seven, struct str *out);

#endif
