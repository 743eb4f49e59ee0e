/* Mail that other servers keep in forms that no session here can read: named for
 * what it is, so that nobody takes it for an empty mailbox or for text. */
#ifndef STORE_FOREIGN_H
#define STORE_FOREIGN_H

#include "base/span.h"

enum { FOREIGN_MAGIC = 12 }; /* bytes at the start of a file that tell */

/* How this file is compressed, by its first bytes: "gzip", "bzip2", "xz", "zstd",
 * "lz4", or NULL. Accepts any input. */
const char *foreign_compression(struct span start);
/* The same for an open file, whose offset stays. */
const char *foreign_compression_of(int fd);
/* Dovecot's storage in this directory: "mdbox", "sdbox", or NULL. */
const char *foreign_storage(int dir);
/* The same, and for an account's directory that is not a Maildir, or not yet, in
 * what lies beside it (mdbox, sdbox, dbox, of the same home). Found: one line in the log. */
const char *foreign_look(const char *maildir);

#endif
