/* The state of a deliver process. */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include "expand.h"
#include "maildir.h"
#include "os/conf.h"
#include "spool/spool.h"
#include "users/users.h"

struct worker {
	int etc;
	struct limits limits;
	struct users users;
	struct str outside; /* folders outside CHAINMAIL_MAIL that the sandbox
			     * lets us write to; each ended by LF */
	struct spool spool; /* by hand, for places of other hosts */
	bool has_spool;
	int runner; /* socket, or -1 */
	bool runner_gone;
	bool as_root; /* every delivery under its own uid */
	struct batch batch;
	struct message message;
	struct job *waiting; /* for their commands */
};

/* Read the configuration and open the databases. */
void worker_init(struct worker *w);
void worker_free(struct worker *w);
/* Enter the sandbox: only mail and configuration, and the spool if it was
 * opened. */
void worker_sandbox(struct worker *w);
/* Deliver those of these resolved jobs that are for mailboxes, as a batch. */
void worker_mailboxes(struct worker *w, struct job *const *jobs, size_t n);
/* The job is for worker_other(): an mbox, a command, or a forward. */
bool worker_leaves(const struct job *j);
/* Deliver one of the others; if j->waiting is set afterwards it is not
 * finished. */
void worker_other(struct worker *w, struct job *j);
/* Receive one command's result; returns the job it finishes, or NULL. */
struct job *worker_result(struct worker *w);

/* Serve jobs on a packet socket until it closes, or SIGTERM; an exit code. */
int serve_jobs(struct worker *w, int sock);
/* Deliver one message to all places of its recipient; an exit code. */
int oneshot_run(struct worker *w, struct job *j);

/* If no account needs root: permanently become the owner of CHAINMAIL_MAIL
 * (unchanged if that is root). */
void owner_start(void);
/* Deliver the job in a process of its own under the right uid (root only). */
void owner_deliver(struct worker *w, struct job *j);

#endif
