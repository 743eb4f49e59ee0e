/* Flags as text, and what is new in the folder. */
#ifndef IMAPD_SYNC_H
#define IMAPD_SYNC_H

#include "session.h"

/* The bit of "\Seen" and so on (any case); 0: none of IMAP's. */
uint32_t flag_bit(struct span name);
/* Append "FLAGS (...)" of a message. */
void flags_add(
    struct str *out, const struct folder *f, const struct message *m);
/* Append all flags that the folder knows, without parentheses. */
void flags_add_known(struct str *out, const struct folder *f);
/* Untagged FLAGS, when a keyword is new. */
void session_flags_tell(struct session *s);
/* Tell what is known to have changed, without a look at the disk. */
void session_report(struct session *s, bool expunges);

#endif
