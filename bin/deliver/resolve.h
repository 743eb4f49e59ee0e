/* Resolving an address to one place, or several. */
#ifndef DELIVER_RESOLVE_H
#define DELIVER_RESOLVE_H

#include "job.h"
#include "users/users.h"

/* Look up the job's recipient (wanted is set) and fill in its outlet, if it is
 * a place; errors become the job's result. True: it must be expanded. */
bool resolve(struct users *u, struct job *j);

#endif
