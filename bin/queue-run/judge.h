/* Turning answers into results: judged, logged, added to the history, and
 * written as lines of the state file. */
#ifndef JUDGE_H
#define JUDGE_H

#include "runner.h"

/* Judge answered and expanded recipients; at the end of a pass also those
 * skipped for too long. */
void judge_all(struct runner *r, struct message *m);
/* The lines of results judged but not yet noted; replaces lines_r. */
void judge_lines(struct message *m, struct str *lines_r);
/* They are written. */
void judge_noted(struct message *m);

#endif
