/* Expanding an address that has several places. */
#ifndef DELIVER_EXPAND_H
#define DELIVER_EXPAND_H

#include "job.h"
#include "place.h"
#include "users/users.h"

enum { PLACES_MAX = 65536 /* of one address, including intermediate ones */ };

/* Follow aliases and lists from the job's address to their ends. An account
 * with a mailbox gets a copy if its targets lead back to it, through any number
 * of aliases and lists. False: the job has a result instead: there is no place,
 * or something can't be read now. places_r must be empty. */
bool expand(struct users *u, int etc, struct job *j, struct places *places_r);

#endif
