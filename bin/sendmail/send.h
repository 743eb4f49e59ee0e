/* Sending one message to all recipients. */
#ifndef SENDMAIL_SEND_H
#define SENDMAIL_SEND_H

#include "options.h"
#include "user.h"

/* Returns the program's exit code; errors were reported. */
int send_run(const struct options *o, const struct caller *c);
/* -bv: are the addresses good? */
int verify_run(const struct options *o, const struct caller *c);
/* -bs: between descriptors 0 and 1 and smtpd. */
int relay_run(void);

#endif
