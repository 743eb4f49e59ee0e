/* The memory of a waiting session. */
#ifndef IMAPD_MEMORY_H
#define IMAPD_MEMORY_H

#include "session.h"

/* Call once at the start: large blocks are returned to the system when
 * freed. */
void memory_tune(void);
/* Call before a long wait: flushes output and returns memory to the system, so
 * that an idle session is small. */
void memory_rest(struct session *s);

#endif
