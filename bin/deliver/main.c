/* deliver: a message to one recipient of this host.
 *
 *	deliver [-f SENDER] [-i ID] RECIPIENT < message	one message
 *	deliver						worker
 * 0: the message, or (worker) a packet socket: jobs with their spool files
 * come in, verdicts go out. 2: log. uid: who owns the mail; root delivers
 * each account's mail under the account's uid. Exit: 0 delivered, 64 usage,
 * 67 no such user, 75 try again, other codes: never. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/input.h"
#include "os/proc.h"
#include "pipe.h"
#include "resolve.h"
#include "worker.h"

static int
usage(void)
{
	fputs("usage: deliver [-f SENDER] [-i ID] RECIPIENT < message\n"
	      "       deliver   (descriptor 0 is a packet socket of jobs)\n",
	    stderr);
	return USAGE;
}

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

static int
deliver_one(struct worker *w, struct job *j)
{
	int verdict;

	message_take(j, w->limits.message_size);
	/* The one recipient is the caller's: look it up before the sandbox is
	 * on, to open no more than it needs. */
	resolve(&w->users, w->etc, j);
	j->resolved = true;
	for (const struct part *p = j->parts; p != NULL; p = p->next)
		if (p->kind == PART_PIPE && w->runner < 0)
			w->runner = runner_start(
			    &w->users, w->limits.pipe_time);
		else if (p->kind == PART_FORWARD && !w->has_spool)
			w->has_spool = spool_open(&w->spool) == 0;
	worker_sandbox(w);
	worker_deliver(w, &j, 1);
	while (w->waiting != NULL)
		worker_result(w);
	job_log(j);
	verdict = j->verdict;
	job_free(j);
	return verdict;
}

static int
serve_jobs(struct worker *w)
{
	w->has_spool = spool_open(&w->spool) == 0;
	if (users_have(&w->users, "pipes"))
		w->runner = runner_start(&w->users, w->limits.pipe_time);
	worker_sandbox(w);
	return worker_serve(w, 0);
}

static bool
options(int argc, char **argv, struct job *j)
{
	int c;

	while ((c = getopt(argc, argv, "f:i:")) != -1)
		if (c == 'f')
			j->from = span_text(optarg);
		else if (c == 'i')
			j->id = span_text(optarg);
		else
			return false;
	if (span_take(&j->from, '<') && j->from.len > 0)
		j->from.len--;
	if (argc - optind != 1)
		return false;
	j->to = span_text(argv[optind]);
	return (j->id.len == 0 || id_valid(j->id)) && job_is_clean(j);
}

static bool
is_worker(int argc)
{
	int type = 0;
	socklen_t len = sizeof type;

	return argc == 1 &&
	    getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_SEQPACKET;
}

int
main(int argc, char **argv)
{
	struct worker w;
	struct job *j;
	struct id id = id_new();
	int code;

	proc_start("deliver", 3);
	j = job_new();
	if (!is_worker(argc) && !options(argc, argv, j))
		return usage();
	if (j->id.len == 0)
		j->id = span_text(id.text);
	worker_init(&w);
	code = is_worker(argc) ? serve_jobs(&w) : deliver_one(&w, j);
	worker_free(&w);
	return code;
}
