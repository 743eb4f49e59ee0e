/* Why a message was not delivered, in plain words. */
#ifndef REASON_H
#define REASON_H

#include "spool/state.h"

struct reason {
	const char *brief;  /* for the subject line */
	const char *what;   /* a sentence or two */
	const char *advice; /* for the message's sender */
};

/* The reason of a result: by its status code (RFC 3463), and by the words of
 * its text where the code says little. Never NULL; equal results have the same
 * reason. */
const struct reason *reason_find(const struct result *r);

#endif
