/* The file `subscriptions`: the directory names of the mailboxes without the
 * leading dot, and INBOX, one a line. Courier's `courierimapsubscribed` is read
 * until the file exists. */
#ifndef STORE_SUBSCRIPTIONS_H
#define STORE_SUBSCRIPTIONS_H

#include "store/store.h"

/* Append the directories (".Archive.2026", "." for INBOX), each ended by LF. */
int subscriptions_read(const struct store *s, struct str *dirs_r);
/* Parse the file's text into the same form; accepts any input. */
void subscriptions_parse(struct span text, struct str *dirs_r);

#endif
