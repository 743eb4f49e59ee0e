/* Flags as text, and changes in the folder. */
#ifndef IMAPD_SYNC_H
#define IMAPD_SYNC_H

#include "session.h"

/* The bit of "\Seen" and so on (any case); 0: not a flag of IMAP. */
uint32_t flag_bit(struct span name);
/* Append "FLAGS (...)" of a message. */
void flags_add(
    const struct session *s, struct str *out, const struct message *m);
/* Send a FETCH of a message's UID and flags, and its modseq to whom has enabled
 * CONDSTORE. */
void flags_tell(struct session *s, uint32_t at, const struct message *m);
/* Append "* 4 FETCH (", or "* UID UIDFETCH (" to a client that has enabled
 * UIDONLY (RFC 9586). */
void fetch_begin(struct session *s, struct str *out, uint32_t at);
/* Send EXISTS, and RECENT, which IMAP4rev2 has not. */
void exists_tell(struct session *s, uint32_t count, uint32_t recent);
/* Append all flags that the folder knows, without parentheses. */
void flags_add_known(struct str *out, const struct folder *f);
/* Refresh the folder and report changes to the client. */
void session_sync(struct session *s, bool expunges);
/* Send FLAGS and PERMANENTFLAGS. */
void session_flags_tell(struct session *s);
/* The same, if the keywords have changed since: call it before a FETCH that may
 * name one. */
void session_flags_renew(struct session *s);
/* Report known changes, without checking the disk. */
void session_report(struct session *s, bool expunges);
/* Close the selected folder, if any. */
void session_unselect(struct session *s);

#endif
