/* Any checkpassword program as the judge. It is run by a process of its own,
 * forked by the parent before the sandbox; the dialogue only talks to it. */
#ifndef AUTHD_BACKEND_H
#define AUTHD_BACKEND_H

#include "dialogue.h"

/* Fork the runner for the command in CHAINMAIL_ETC/checkpassword; -1: there is
 * no such file, and no runner. */
int backend_start(int etc, pid_t *pid_r);
/* Ask it; 0 or -1 and code. */
int backend_check(struct dialogue *d, struct span password);

#endif
