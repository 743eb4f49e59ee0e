/* The caller, and what must be opened before the sandbox. */
#ifndef SENDMAIL_USER_H
#define SENDMAIL_USER_H

#include "base/str.h"
#include "os/conf.h"

struct caller {
	struct str user; /* login name */
	struct str name; /* full name, from passwd(5) */
	struct limits limits;
	int file; /* for the body */
};

/* Identify the caller, open the file, and enter the sandbox. */
void caller_prepare(struct caller *c);

#endif
