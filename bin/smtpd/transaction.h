/* From MAIL to the end of its message (RFC 5321 3.3). */
#ifndef SMTPD_TRANSACTION_H
#define SMTPD_TRANSACTION_H

#include "session.h"

/* Discard the current message. */
void transaction_reset(struct session *s);

#endif
