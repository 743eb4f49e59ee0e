/* Filters: programs over the whole message, stdin to stdout, one command a line
 * in filter.mx or filter.submission (chainmail-filter(7)). smtpd can't run
 * anything in its sandbox; a runner, forked before, does, and takes nothing
 * from smtpd but descriptors and the facts of the message. */
#ifndef SMTPD_FILTER_H
#define SMTPD_FILTER_H

#include <sys/types.h>

#include "base/str.h"

/* Does this file name any filter? */
bool filter_wanted(int etc, const char *file);
/* Fork the runner; the socket to it. Called before the sandbox. */
int filter_runner_start(int etc, pid_t *pid_r);

struct filter_verdict {
	int code;        /* exit code: 0, TEMP, DROP, else permanent */
	struct str text; /* the last line that the filter wrote to stderr */
};
/* Have the filters of file read in and write out, with facts (a record of
 * environment variables), for at most seconds. -1: the runner can't be
 * reached. */
struct filter_request {
	const char *file;
	int in, out;
	uint64_t seconds;
	struct span facts;
};
int filter_run(
    int runner, const struct filter_request *r, struct filter_verdict *v_r);

/* In the runner (pipeline.c): the same, here. */
void pipeline_run(
    int etc, const struct filter_request *r, struct filter_verdict *v_r);

#endif
