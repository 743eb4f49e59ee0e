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
/* The same for a command that changes many messages of the session's folder, which
 * takes the steps itself; until progress_end(). */
void progress_change(struct progress *p, struct session *s, size_t goal);
void progress_end(struct session *s);
/* Report that so much is done, at most every ten seconds, without waiting for the
 * client; not to be called within another response. */
void progress_step(struct progress *p, uint32_t done);
/* The same at a time of a clock. */
void progress_step_at(struct progress *p, uint32_t done, int64_t now);

#endif
