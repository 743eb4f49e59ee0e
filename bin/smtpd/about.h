/* The client and the message, for lines of the log. */
#ifndef SMTPD_ABOUT_H
#define SMTPD_ABOUT_H

#include "base/log.h"
#include "session.h"

/* The address in the present command: after word in an argument of MAIL or
 * RCPT, valid or not. */
struct span about_address(struct span argument, struct span word);

/* Add id, from, to, client, helo, user and TLS. */
void about_log(const struct session *s, struct logline *l);
/* The end of a message: accepted, dropped or refused. An accepted one has all
 * its recipients, in several lines if needed. */
void about_message(const struct session *s);

#endif
