/* One connection: a request, its dialogue, the answer. */
#ifndef AUTHD_SESSION_H
#define AUTHD_SESSION_H

#include "dialogue.h"

/* The whole dialogue on a connected socket; an exit code. */
int session_run(struct authd *a, int sock);

/* One mechanism each: 0: the client is d->user; -1: code says why. */
int mechanism_plain(struct dialogue *d);
int mechanism_login(struct dialogue *d);
int mechanism_scram(struct dialogue *d);
int mechanism_scram_plus(struct dialogue *d);
int mechanism_external(struct dialogue *d);

#endif
