/* Replies to the client. */
#ifndef POP3D_REPLY_H
#define POP3D_REPLY_H

#include "session.h"

/* "+OK text" and "-ERR text"; a code like [SYS/TEMP] is part of the text. */
__attribute__((format(printf, 2, 3))) void reply_ok(
    struct session *s, const char *format, ...);
__attribute__((format(printf, 2, 3))) void reply_error(
    struct session *s, const char *format, ...);
/* "-ERR": another session removed this message, which never counts as an error
 * of the client. */
void reply_gone(struct session *s, uint32_t at);

#endif
