/* The files of the configuration. */
#ifndef CHAINMAIL_CHECK_FILES_H
#define CHAINMAIL_CHECK_FILES_H

#include "check.h"

/* Check each file that a program reads, and report those that none reads. */
void files_check(struct check *c);
/* The known name most similar to this one; NULL: none. */
const char *name_guess(const char *name);

#endif
