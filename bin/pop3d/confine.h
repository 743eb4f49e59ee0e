/* The sandbox of a POP3 session. */
#ifndef POP3D_CONFINE_H
#define POP3D_CONFINE_H

/* Limits, Landlock and seccomp: only this Maildir can be opened, and the files
 * that logins depend on (users/logins.h) read; no program can be started and no
 * connection made. */
void confine(const char *maildir);

#endif
