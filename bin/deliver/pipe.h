/* Users' commands. They run outside deliver's sandbox, in a runner that is
 * connected to or forked before entering it, and runs only commands in
 * users.cdb: commands/delivery.h. */
#ifndef DELIVER_PIPE_H
#define DELIVER_PIPE_H

#include "message.h"
#include "spool/spool.h"
#include "users/users.h"

/* Connect to command-run at CHAINMAIL_RUN/commands, or fork a runner; returns
 * the socket to it, or -1 (closing it kills running commands). Our own runner
 * ignores SIGTERM: it ends with us, after its commands. */
int runner_start(struct users *u, uint64_t seconds);

/* Run the job's command on the message. The job then waits for its result from
 * runner_result(). -1: not started, and the job has a result. */
int pipe_deliver(int runner, struct job *j, const struct message *m);
/* Receive one result, with the job's n. False: the runner is gone. */
struct pipe_result {
	uint64_t n;
	uint64_t verdict;
	struct str text;
};
bool runner_result(int runner, struct pipe_result *r_r);

#endif
