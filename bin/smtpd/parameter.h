/* The parameters of MAIL and RCPT, and their keywords in EHLO. */
#ifndef SMTPD_PARAMETER_H
#define SMTPD_PARAMETER_H

#include "session.h"

/* Read "KEY=value KEY ..." after the path of MAIL (or RCPT, then recipient is
 * not NULL) into the session's envelope. False when one was refused; the reply
 * was sent. */
bool parameters_read(
    struct session *s, struct span text, struct recipient *recipient);
/* Lines of EHLO. */
void parameters_advertise(const struct session *s, struct str *keywords);
/* RFC 3461 4: +HH is a byte; false when it isn't xtext. */
bool xtext_decode(struct span text, struct str *out);

#endif
