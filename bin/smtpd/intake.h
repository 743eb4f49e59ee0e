/* The message's way from the network to the disk: the header is collected and
 * checked, the body passed on directly. */
#ifndef SMTPD_INTAKE_H
#define SMTPD_INTAKE_H

#include "session.h"

void intake_start(struct session *s, bool chunked);
/* Process one block. True at the end of the data; block is then the rest after
 * it. */
bool intake_block(struct session *s, struct span *block);
/* The end: check, filter, commit, answer. The transaction is over. */
void intake_end(struct session *s);
/* The message was refused before its end: one reply, to the command. The
 * transaction is over. */
void intake_fail(struct session *s);

#endif
