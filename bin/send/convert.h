/* A message made fit for hosts that take 7 bits, short lines, no odd bytes:
 * RFC 6152 3, RFC 2045 6. */
#ifndef SEND_CONVERT_H
#define SEND_CONVERT_H

#include "message.h"

/* Convert m. NULL: done, or nothing was to do; else why it can't be (a
 * constant). seven: bytes above 127 must go too. */
const char *convert_message(struct message *m, bool seven);
/* The same for text in memory, LF line ends; appends. */
const char *convert_text(struct span message, bool seven, struct str *out);

#endif
