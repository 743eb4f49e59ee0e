/* A report on a message's delivery (RFC 3464), as text of LF lines. */
#ifndef REPORT_H
#define REPORT_H

#include "base/id.h"
#include "base/str.h"
#include "spool/state.h"

struct report {
	bool failed;        /* else: delivered */
	struct span me;     /* this host's name */
	struct id message;  /* of the message reported on */
	struct id own;      /* for Message-ID and boundary */
	int64_t birth, now; /* seconds of the epoch */
	const struct envelope *envelope;
	const struct result *results; /* one per recipient */
	const bool *chosen;           /* recipients it is about */
	struct span header;           /* of the message, with its empty line */
	struct span original; /* the whole message; empty: don't return it */
};

enum { RETURN_MAX = 65536 }; /* bytes of the message that are returned */

/* Append the report. */
void report_write(const struct report *r, struct str *out);

#endif
