/* Progress reports of long commands (RFC 9585). */
#ifndef IMAPD_PROGRESS_H
#define IMAPD_PROGRESS_H

#include "session.h"

enum { PROGRESS_MS = 10 * 1000 };

struct progress {
	struct session *s;
	int64_t due; /* clock_mono_ms() of the next line */
	uint32_t goal;
};

/* The command begins, and is done at goal (0: unknown). */
void progress_start(struct progress *p, struct session *s, uint32_t goal);
/* Report that so much is done, at most every ten seconds; not to be called within
 * another response. */
void progress_step(struct progress *p, uint32_t done);
/* The same at a time of a clock. */
void progress_step_at(struct progress *p, uint32_t done, int64_t now);

#endif
