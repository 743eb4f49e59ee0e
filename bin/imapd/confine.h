/* The sandbox of an IMAP session. */
#ifndef IMAPD_CONFINE_H
#define IMAPD_CONFINE_H

#include "store/shared.h"

/* Limits, Landlock and seccomp: only this Maildir can be opened, and the files
 * that logins depend on (users/logins.h) and what others share with the right
 * "r" (NULL: nothing) read; no program can be started and no connection made. */
void confine(const char *maildir, const struct shared *shared);

#endif
