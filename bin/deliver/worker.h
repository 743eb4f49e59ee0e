/* What deliver works with from start to end. */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include "maildir.h"
#include "os/conf.h"
#include "spool/spool.h"
#include "users/users.h"

struct worker {
	int etc;
	struct limits limits;
	struct users users;
	struct str places; /* that the sandbox lets us write to; each ended
			    * by LF */
	struct spool spool;
	bool has_spool;
	int runner; /* socket, or -1 */
	bool runner_gone;
	bool as_root; /* every part under its own uid */
	struct batch batch;
	struct message message;
	struct job *waiting; /* for their programs */
};

/* Read the configuration and open the databases. */
void worker_init(struct worker *w);
void worker_free(struct worker *w);
/* Put the sandbox on. */
void worker_sandbox(struct worker *w);
/* Deliver these; those with waiting > 0 are not finished yet. */
void worker_deliver(struct worker *w, struct job *const *jobs, size_t n);
/* Take one program's result; the job that is finished by it, or NULL. */
struct job *worker_result(struct worker *w);
/* Serve jobs on a packet socket until it closes; an exit code. */
int worker_serve(struct worker *w, int sock);

/* Root that no account needs: become the owner of CHAINMAIL_MAIL for good (and
 * stay what we are where that is root's). */
void owner_start(void);
/* Deliver one part in a process of its own under the right uid (root only). */
void owner_deliver(struct worker *w, struct job *j, struct part *p);

#endif
