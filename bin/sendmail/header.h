/* Processing an outgoing header: recipients and missing fields. */
#ifndef SENDMAIL_HEADER_H
#define SENDMAIL_HEADER_H

#include "base/str.h"

/* Addresses, each ended by LF, none twice. */
struct addresses {
	struct str text;
	size_t count;
};

/* Add the addresses of a list (RFC 5322 3.4), for a command line or a field.
 * Ends the program when one contains an invalid character. */
void addresses_add(struct addresses *a, struct span list);
/* The header's recipients: To, Cc and Bcc, or only those of Resent- fields if
 * there are any (RFC 5322 3.6.6). */
void header_recipients(struct span header, struct addresses *a);

struct author {
	struct span sender; /* envelope; empty: the null sender */
	struct span name;   /* in words, or empty */
	struct span me;     /* domain of bare names */
};
/* Append the header to send: without Bcc, with a From, with bare names
 * completed. True when an address in it needs SMTPUTF8 (RFC 6531). */
bool header_write(struct span header, const struct author *by, struct str *out);

#endif
