/* A report on a message's delivery (RFC 3464), as text of LF lines:
 *	report.c   the whole, and what is returned of the message
 *	explain.c  the part for people
 *	status.c   the part for programs
 *	report_scope.c what all of them ask */
#ifndef REPORT_H
#define REPORT_H

#include "base/id.h"
#include "base/str.h"
#include "reason.h"

struct report {
	enum state_report kind;
	struct span me;     /* this host's name */
	struct id message;  /* of the message reported on; empty: not known */
	struct id own;      /* for Message-ID and boundary */
	int64_t birth, now; /* seconds of the epoch */
	int64_t until;      /* a delayed one is tried until then */
	struct envelope *envelope;
	const struct result *results;  /* one per recipient */
	const struct reason **reasons; /* likewise */
	const bool *chosen;            /* recipients it is about */
	struct span header;            /* of the message, with its empty line */
	struct span original; /* the whole message; empty: don't return it */
};

enum { RETURN_MAX = 65536 }; /* bytes of the message that are returned */

/* Append the report. */
void report_write(const struct report *r, struct str *out);

/* The sender's address is not ASCII, so the report is an SMTPUTF8 message
 * itself (RFC 6531); else it is in ASCII but for a returned 8-bit message. */
bool report_is_utf8(const struct report *r);
/* The message is a report that found no sender: the postmaster gets this. */
bool report_is_double(const struct report *r);
/* How many recipients it is about; first_r (may be NULL) is one of them. */
size_t report_count(const struct report *r, size_t *first_r);

/* The value of Subject, as UTF-8. */
void explain_subject(const struct report *r, struct str *out);
/* The text for people, in UTF-8. */
void explain(const struct report *r, struct str *out);
/* The fields for programs; utf8: as message/global-delivery-status. */
void status_write(const struct report *r, bool utf8, struct str *out);

#endif
