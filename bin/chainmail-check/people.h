/* The users that programs run as, and their access to a path. Where the spool
 * is chainmail-queue's each has a user of its own; else all are one user, the
 * owner of the spool. */
#ifndef CHAINMAIL_CHECK_PEOPLE_H
#define CHAINMAIL_CHECK_PEOPLE_H

#include <sys/types.h>

#include "base/str.h"

enum person {
	NOBODY,
	TLSD,
	AUTHD,
	SMTPD,
	QUEUE_RUN,
	SEND,
	VERIFYD,
	MAILBOXES,
	AUTHORITY
};
enum { PEOPLE = AUTHORITY + 1 };

struct people {
	bool known[PEOPLE]; /* this process can test their access */
	bool apart;         /* each is a user of its own */
	uid_t uid[PEOPLE];
	gid_t gid[PEOPLE];
	uid_t owner; /* of the spool, when they are not apart */
};

void people_open(struct people *p);
/* "smtpd", and with a user of its own "smtpd (user chainmail-mx)". */
const char *person_name(const struct people *p, enum person who);
/* May it do this (R_OK | W_OK | X_OK)? 0, also if unknown; else errno. */
int person_try(
    const struct people *p, enum person who, const char *path, int mode);
/* How many of these (up to NOBODY) may not; who_r has their names. */
size_t persons_try(const struct people *p, const enum person *all,
    const char *path, int mode, struct str *who_r);

#endif
