/* Checking passwords with a checkpassword program. A process of its own, forked
 * by the parent before the sandbox, runs it; the dialogue only talks to that
 * process. */
#ifndef AUTHD_BACKEND_H
#define AUTHD_BACKEND_H

#include "dialogue.h"

/* Fork the runner for the command in CHAINMAIL_ETC/checkpassword; -1: no such
 * file, no runner. */
int backend_start(int etc, pid_t *pid_r);
/* Ask it; 0 or -1 and code. */
int backend_check(struct dialogue *d, struct span password);

#endif
