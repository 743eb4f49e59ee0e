/* Completing a new message's header. */
#ifndef HEADER_H
#define HEADER_H

#include "base/id.h"
#include "base/str.h"

struct origin {
	struct id id;
	struct span me;     /* this host's name */
	struct span sender; /* envelope; empty: the null sender */
	int64_t now;        /* seconds of the epoch */
};

/* Append the fields that go before the message: Received always, Date, From
 * and Message-ID when the header has none; and an empty line when text begins
 * with no header at all. text is the message's beginning, with LF line ends,
 * up to the end of its header at least. */
void header_complete(const struct origin *o, struct span text, struct str *out);
/* The number of Received fields. */
unsigned header_hops(struct span text);

#endif
