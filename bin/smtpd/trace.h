/* Processing an incoming header. */
#ifndef SMTPD_TRACE_H
#define SMTPD_TRACE_H

#include "session.h"

/* Check the collected header and write it with the trace fields. */
void trace_write(struct session *s);

#endif
