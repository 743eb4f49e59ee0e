/* Mail that other servers keep in forms that no session here can read: named for
 * what it is, so that nobody takes it for an empty mailbox or for text. */
#ifndef STORE_FOREIGN_H
#define STORE_FOREIGN_H

#include "base/str.h"

enum { FOREIGN_MAGIC = 12 }; /* bytes at the start of a file that tell */

/* How this file is compressed, by its first bytes: "gzip", "bzip2", "xz", "zstd",
 * "lz4", or NULL. Accepts any input. */
const char *foreign_compression(struct span start);
/* The same for an open file, whose offset stays. */
const char *foreign_compression_of(int fd);
/* Dovecot's storage in this directory: "mdbox", "sdbox", or NULL. */
const char *foreign_storage(int dir);
/* The same for an account's Maildir, or for mdbox, sdbox and dbox beside it, in the
 * same home; where_r (replaced) is what was found. NULL: nothing was. */
const char *foreign_find(const char *maildir, struct str *where_r);
/* The same, and one line in the log. */
const char *foreign_look(const char *maildir);
/* A line in the log: this message, or so many, can't be read. */
void foreign_log_message(const char *folder, struct span name, const char *is);
void foreign_log_messages(uint32_t count);

#endif
