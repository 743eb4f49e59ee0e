/* What an IMAP session may still do. */
#ifndef IMAPD_CONFINE_H
#define IMAPD_CONFINE_H

/* Limits, Landlock and seccomp: only this Maildir and the marks of full
 * mailboxes can be opened (and the modules of character sets read), nothing started, nobody connected to. */
void confine(const char *maildir);

#endif
