/* Where an account's indexes are: in its folders beside the mail or, with
 * CHAINMAIL_INDEX, on a local disk while the mail lies on a network file system.
 * There each account has a folder of its own, named as its Maildir's path with '/'
 * as %2F; in it are the files of INBOX and a folder for each other mailbox, named
 * as in the Maildir. All that is said of an index as a cache (index.h) holds for
 * it there. */
#ifndef STORE_INDEX_PLACE_H
#define STORE_INDEX_PLACE_H

#include "base/str.h"

/* The account's folder (replaced). False: indexes are beside the mail. */
bool index_place_path(const char *maildir, struct str *path_r);
/* Open the account's folder, made if it is missing; before a sandbox, which
 * then must allow that path. 0: indexes are beside the mail, also (logged) where
 * the folder can't be had, or is not ours alone. */
int index_place_account(const char *maildir);
/* The same for a mailbox's folder in it, by the name of its directory in the
 * Maildir; not logged. */
int index_place_mailbox(int account, const char *dir);
/* A mailbox was deleted or renamed; no errors. */
void index_place_forget(int account, const char *dir);

#endif
