/* ObjectIDs (RFC 8474): values that identify a mailbox or a message even after it
 * is renamed or moved. */
#ifndef IMAPD_OBJECT_H
#define IMAPD_OBJECT_H

#include "store/folder.h"

/* Append "(F…)". No two folders of an account ever get the same UIDVALIDITY, and a
 * renamed folder keeps it; another account's has a sum of its owner too. */
void mailbox_id_add(const struct store *s, struct str *out, struct span mailbox,
    uint32_t uidvalidity);
/* Append "M…", without parentheses. */
void email_id_add(struct str *out, struct folder *f, uint32_t at);
/* The time when the message was stored in its mailbox (RFC 8514 3), in seconds
 * since the epoch. For a name made by another program it is the internal date, the
 * best approximation. */
int64_t save_date(struct folder *f, uint32_t at);

#endif
