/* Filters (chainmail-filter(7)): the commands of filter.mx or
 * filter.submission, joined stdin to stdout, run for smtpd by a process outside
 * its sandbox: one forked earlier (bin/smtpd), or command-run. smtpd reads
 * strangers' input, so the commands are read from the configuration here, and
 * only descriptors and the facts are taken from smtpd.
 *
 *	→ run file=filter.mx LF SENDER=…	(request.h)	+ the descriptors
 *	← verdict code=0 text=…		at the last of them
 */
#ifndef COMMANDS_FILTER_H
#define COMMANDS_FILTER_H

#include "commands/request.h"

enum { FILTERS_MAX = 32 }; /* of one file; if there are more, none is run */

/* The message; where the result goes; a packet socket for the verdict: when its
 * other end closes, the verdict is no longer wanted. */
enum filter_fd { FILTER_IN, FILTER_OUT, FILTER_CALLER, FILTER_FDS };

struct filter_verdict {
	int code;        /* exit code: 0, TEMP, DROP, else permanent */
	struct str text; /* the last line of the filter that decided */
};

/* One request, in a process of its own (its environment is changed): check it,
 * run the filters, and answer the caller. True: it was valid. */
bool filter_serve(int etc, struct span packet, const int fds[FILTER_FDS],
    struct filter_verdict *v_r);

/* pipeline.c: run the filters of the file for at most seconds. */
void pipeline_run(int etc, const char *file, const int fds[FILTER_FDS],
    uint64_t seconds, struct filter_verdict *v_r);

#endif
