/* The log of programs started by systemd. journald names a stream when it is
 * opened; a unit has several programs (listen and those it starts), so each
 * opens its own, under its own name and with the facility mail. If stderr is
 * anything else (s6-log, a terminal, a file) nothing happens. */
#ifndef OS_JOURNALD_H
#define OS_JOURNALD_H

#include "base/str.h"

/* If stderr leads to journald, make it this program's own stream and begin
 * lines with their priority. On failure stderr is unchanged. */
void journald_start(const char *name);

/* The stream of a program that this one will exec: opened before the sandbox,
 * made stderr at the exec. */
struct journald {
	int fd;           /* -1: none; stderr is unchanged */
	struct str where; /* JOURNAL_STREAM=… for the program's environment */
	struct str whose; /* CHAINMAIL_JOURNAL=… likewise */
};
void journald_open(struct journald *j_r, const char *name);

#endif
