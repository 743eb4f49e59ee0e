/* Converting a message for hosts that take only 7 bits, short lines, no NUL or
 * bare CR: RFC 6152 3, RFC 2045 6. */
#ifndef SEND_CONVERT_H
#define SEND_CONVERT_H

#include "base/str.h"

/* Append the message (LF line ends) converted. NULL: done; else why it can't be
 * (a constant). seven: encode bytes above 127 in bodies too; in header fields
 * they stay, where no encoding is certain to be equivalent. */
const char *convert_text(struct span message, bool seven, struct str *out);

#endif
