/* Users' programs. They run outside of deliver's sandbox: in a runner that is
 * forked before the sandbox is on, and runs only what users.cdb names. */
#ifndef DELIVER_PIPE_H
#define DELIVER_PIPE_H

#include "message.h"
#include "spool/spool.h"
#include "users/users.h"

/* Fork the runner; returns the socket to it (close it: the runner ends, what
 * runs goes on to its end). */
int runner_start(struct users *u, uint64_t seconds);

/* Have the part's command run with the message. The job waits then: its
 * result comes by runner_result(). -1: it was not told, and the job has a
 * result. */
int pipe_deliver(
    int runner, struct job *j, const struct part *p, const struct message *m);
/* Take one result off the socket: the number of the job, as given by its n.
 * False: the runner is gone. */
struct pipe_result {
	uint64_t n;
	uint64_t verdict;
	struct str text;
};
bool runner_result(int runner, struct pipe_result *r_r);

#endif
