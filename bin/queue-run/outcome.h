/* What a reply means for a recipient: whether it is finished, when it is due
 * again, whether the sender gets a report. Pure: only the result changes. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "spool/state.h"

/* Its parameters. Times are seconds of the epoch. */
struct circumstances {
	const struct envelope *envelope;
	int64_t birth, now;
	int64_t next;           /* when a deferred recipient is due again */
	uint64_t queue_life;    /* limits; seconds */
	uint64_t delay_warning; /* 0: none */
};

/* Judge the result of a recipient with a reply. tries: its own, or the
 * destination's while that backs off. New text is copied into the arena. */
void outcome_judge(const struct circumstances *c, struct arena *a, size_t index,
    unsigned tries, struct result *r);
/* This final result is not reported to the sender. */
bool outcome_is_silent(
    const struct envelope *e, size_t index, const struct result *r);
/* A message of that birth is so old that a report is due. */
bool outcome_is_late(const struct circumstances *c);

/* Our own answers for recipients that must not be tried. */
extern const struct result outcome_removed, outcome_loop;

#endif
