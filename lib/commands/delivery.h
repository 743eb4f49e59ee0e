/* Users' commands ("| command" in users(5)), run for deliver by a process
 * outside its sandbox: one forked earlier (bin/deliver), or command-run.
 * deliver reads strangers' mail, so each command is looked up here again, and
 * only commands that users.cdb names for the address run.
 *
 *	→ run n=3 …	(request.h)	+ the message
 *	← end n=3 verdict=0 text=…
 */
#ifndef COMMANDS_DELIVERY_H
#define COMMANDS_DELIVERY_H

#include "commands/request.h"
#include "users/users.h"

struct delivery {
	int sock; /* a packet socket: requests come, answers go */
	struct users *users;
	uint64_t seconds; /* limit of one command */
	bool resident;    /* command-run: log commands, and on SIGTERM take no
			   * more requests, finish and return */
};
/* Serve until the caller closes the socket; commands still running are then
 * killed. The caller sets up descriptors 0 to 2. Takes over SIGCHLD and
 * SIGTERM. */
void delivery_serve(const struct delivery *d);

/* One command, in the process that watches it. */
struct delivery_command {
	const struct delivery_request *request;
	const struct user *user; /* whose entry it is */
	int message;
	int caller; /* when its other end closes, the result is no longer
		     * wanted */
	uint64_t seconds;
};
/* Run it to its end: a verdict, with its last line of output; -1: the result is
 * no longer wanted. It is killed then, or at its time limit, with all processes
 * it started. */
int delivery_command_run(const struct delivery_command *c, struct str *text_r);

#endif
