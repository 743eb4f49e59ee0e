/* One message by hand, to all places of its recipient. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "os/input.h"
#include "pipe.h"
#include "resolve.h"
#include "worker.h"

static void
message_take(struct job *j, uint64_t limit)
{
	struct input in;

	if (input_take(0, limit, &in) < 0) {
		if (errno == EMSGSIZE)
			die(DATA, "the message is over message-size");
		die(TEMP, "read the message");
	}
	j->fd = in.fd;
	j->offset = in.offset;
	j->size = in.size;
}

/* Deliver, and wait for its command. */
static int
job_deliver(struct worker *w, struct job *j)
{
	worker_mailboxes(w, &j, 1);
	if (worker_leaves(j))
		worker_other(w, j);
	while (w->waiting != NULL)
		worker_result(w);
	job_log(j);
	return j->verdict;
}

/* A job like the recipient's for one of its places, with a descriptor of its
 * own. */
static struct job *
place_job(const struct job *whole, struct span to, enum job_kind kind)
{
	struct job *j = job_new();

	j->id = whole->id;
	j->from = whole->from;
	j->offset = whole->offset;
	j->size = whole->size;
	j->to = to;
	j->kind = kind;
	j->via = whole->wanted;
	j->fd = fcntl(whole->fd, F_DUPFD_CLOEXEC, 0);
	return j;
}

static int
place_deliver(struct worker *w, const struct job *whole, const struct place *p,
    bool repeatable)
{
	struct job *j = place_job(whole, p->to,
	    p->kind == PLACE_MAILBOX    ? JOB_MAILBOX
		: p->kind == PLACE_PIPE ? JOB_PIPE
					: JOB_ADDRESS);
	int verdict = DONE;
	bool once;

	j->command = p->command;
	j->order = p->order;
	if (p->kind == PLACE_BAD)
		job_result(j, PLACE_BAD_VERDICT, place_bad_status, p->list,
		    place_bad_text);
	else if (resolve(&w->users, j))
		job_result(j, TEMP, "4.3.0", SPAN("users.cdb"),
		    "has changed meanwhile");
	once = j->outlet.kind == OUTLET_MBOX || j->outlet.kind == OUTLET_PIPE;
	if (once != repeatable)
		verdict = job_deliver(w, j);
	job_free(j);
	return verdict;
}

/* All places of other hosts. */
static int
remote_deliver(
    struct worker *w, const struct job *whole, const struct places *places)
{
	struct job *j = place_job(whole, whole->to, JOB_ADDRESS);
	int verdict;

	j->wanted = whole->wanted;
	j->outlet.kind = OUTLET_SPOOL;
	j->remote = places;
	verdict = job_deliver(w, j);
	job_free(j);
	return verdict;
}

/* "Later" outweighs "failed", which outweighs "done". */
static int
worse(int a, int b)
{
	return a == TEMP || b == DONE ? a : b == TEMP || a == DONE ? b : a;
}

/* Deliveries that can't be repeated come last, and only if no other must be
 * retried. */
static int
places_deliver(
    struct worker *w, const struct job *whole, const struct places *places)
{
	int verdict = DONE;

	if (w->has_spool)
		verdict = remote_deliver(w, whole, places);
	for (const struct place *p = places->first; p != NULL; p = p->next)
		if (p->kind != PLACE_REMOTE)
			verdict = worse(
			    verdict, place_deliver(w, whole, p, true));
	for (const struct place *p = places->first; p != NULL; p = p->next)
		if (verdict != TEMP && p->kind != PLACE_REMOTE)
			verdict = worse(
			    verdict, place_deliver(w, whole, p, false));
	return verdict;
}

/* The one recipient is the caller's: look it up before the sandbox, to open no
 * more than it needs. */
static bool
prepare(struct worker *w, struct job *j, struct places *places)
{
	bool more = resolve(&w->users, j) &&
	    expand(&w->users, w->etc, j, places);
	bool pipe = j->outlet.kind == OUTLET_PIPE, remote = false;

	for (const struct place *p = places->first; p != NULL; p = p->next) {
		pipe |= p->kind == PLACE_PIPE &&
		    !span_equal(p->command, SPAN(USER_NULL));
		remote |= p->kind == PLACE_REMOTE;
	}
	if (pipe)
		w->runner = runner_start(&w->users, w->limits.pipe_time);
	if (remote) {
		w->has_spool = spool_open(&w->spool) == 0;
		if (!w->has_spool)
			job_errno(j, SPAN("spool"), errno);
	}
	return more;
}

int
oneshot_run(struct worker *w, struct job *j)
{
	struct places places = { .memory = ARENA_INIT };
	int verdict;
	bool more;

	message_take(j, w->limits.message_size);
	more = prepare(w, j, &places);
	worker_sandbox(w);
	if (more && j->verdict == DONE && message_load(&w->message, j)) {
		job_log(j);
		verdict = places_deliver(w, j, &places);
	} else {
		verdict = job_deliver(w, j);
	}
	places_free(&places);
	return verdict;
}
