/* What a file's name says of its message apart from where it is: which content
 * it has, and since when it is in this mailbox. */
#ifndef STORE_NAME_OBJECT_H
#define STORE_NAME_OBJECT_H

#include "store/name.h"

/* Append what names the content in every mailbox of the account (letters and
 * digits, at most 64): the field E=, which a copy has, else the id and mark of a
 * name of ours, else a hash of the base. */
void name_object(const struct name *n, struct str *out);
/* When the message came into this mailbox, in seconds since the epoch: an id is
 * made for each APPEND, COPY and MOVE; with a mark it was delivered at `time`.
 * -1: the name does not say. */
int64_t name_saved(const struct name *n);

#endif
