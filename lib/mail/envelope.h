/* IMAP's ENVELOPE (RFC 3501 7.4.2) and BODYSTRUCTURE of a message. */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include "mail/mime.h"

/* Append the ENVELOPE of a header. */
void envelope_add(struct str *out, struct span header);
/* Append the addresses of a header field (RFC 5322 3.4, read leniently) as
 * IMAP's address structures, without the parentheses around the list. */
void envelope_addresses(struct str *out, struct span value);
/* The first of these structures: bytes as they are written, what is missing
 * empty. A group is its name as mailbox. */
struct envelope_first {
	struct str name, mailbox, host;
};
void envelope_first_init(struct envelope_first *a);
/* Replace a; false, and all empty: there is none. */
bool envelope_first(struct span value, struct envelope_first *a);
void envelope_first_free(struct envelope_first *a);
/* Append the BODYSTRUCTURE, or BODY when not extended. */
void bodystructure_add(struct str *out, const struct part *p, bool extended);

#endif
