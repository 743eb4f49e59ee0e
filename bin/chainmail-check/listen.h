/* A line of the file `listen`, which chainmail-service(8) reads. */
#ifndef CHAINMAIL_CHECK_LISTEN_H
#define CHAINMAIL_CHECK_LISTEN_H

#include "base/str.h"

/* NULL, or what is wrong. seen: the addresses of the lines before, each ended by
 * LF; this one's are added. */
const char *listen_line(struct span line, struct str *seen);

#endif
