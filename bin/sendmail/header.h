/* The header on its way out: who is to get the message, and what it lacks. */
#ifndef SENDMAIL_HEADER_H
#define SENDMAIL_HEADER_H

#include "base/str.h"

/* Addresses, each ended by LF, none twice. */
struct addresses {
	struct str text;
	size_t count;
};

/* Add the addresses of a list (RFC 5322 3.4), for a command line or a field.
 * Ends the program when one holds what no address can hold. */
void addresses_add(struct addresses *a, struct span list);
/* Those that the header names: To, Cc and Bcc, or where it was sent again those
 * of its Resent- fields alone (RFC 5322 3.6.6). */
void header_recipients(struct span header, struct addresses *a);

struct author {
	struct span sender; /* envelope; empty: the null sender */
	struct span name;   /* in words, or empty */
	struct span me;     /* domain of bare names */
};
/* Append the header as it goes out: without Bcc, with a From, with bare names
 * completed. True when an address in it needs SMTPUTF8 (RFC 6531). */
bool header_write(struct span header, const struct author *by, struct str *out);

#endif
