/* Where the mail of a recipient goes. */
#ifndef DELIVER_RESOLVE_H
#define DELIVER_RESOLVE_H

#include "job.h"
#include "users/users.h"

/* Fill in the job's parts (and wanted): aliases and lists are followed to
 * their ends, every place once. Trouble becomes the job's result; a job that
 * has one has no parts. */
void resolve(struct users *u, int etc, struct job *j);

#endif
