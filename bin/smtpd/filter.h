/* Filters: programs over the whole message, stdin to stdout, one command a line
 * in filter.mx or filter.submission (chainmail-filter(7)). smtpd's sandbox
 * can't run programs: command-run does, at CHAINMAIL_RUN/filters, or a runner
 * forked earlier (commands/filter.h). */
#ifndef SMTPD_FILTER_H
#define SMTPD_FILTER_H

#include <sys/types.h>

#include "commands/filter.h"

/* Does this file name any filter? */
bool filter_wanted(int etc, const char *file);
/* Is command-run available? */
bool filter_service(void);
/* Fork the runner; the socket to it. Called before the sandbox. */
int filter_runner_start(int etc, pid_t *pid_r);

/* Run the filters of file from in to out, with facts (a record of environment
 * variables); waits slightly longer than seconds. Uses command-run, or else the
 * runner (-1: none). -1: neither is available. */
struct filter_job {
	const char *file;
	int in, out;
	uint64_t seconds;
	struct span facts;
};
int filter_run(
    int runner, const struct filter_job *j, struct filter_verdict *v_r);

#endif
