/* The commands a session has, for EHLO and HELP. */
#ifndef SMTPD_OFFER_H
#define SMTPD_OFFER_H

#include "command.h"

/* NULL: this service has no such command. */
const struct command *offer_find(const struct session *s, struct span name);
/* Append lines of EHLO. */
void offer_keywords(const struct session *s, struct str *lines);
/* Append the names of all that may be given now, for HELP. */
void offer_names(const struct session *s, struct str *names);

#endif
