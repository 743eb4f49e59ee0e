/* Reporting, to the log and other programs, that there is no certificate. */
#ifndef TLSD_MISSING_H
#define TLSD_MISSING_H

#include "certs.h"

struct missing {
	int fd; /* of the mark, see net/tls.h; -1: it can't be written */
	enum presence { UNKNOWN, THERE, NONE } last;
};

/* Before the sandbox. */
void missing_open(struct missing *m);
/* Keep the mark fresh while there is no certificate, and log when that begins
 * and ends. */
void missing_tell(struct missing *m, struct certs *c);

#endif
