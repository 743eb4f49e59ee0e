/* deliver: delivers a message to one recipient of this host.
 *
 *	deliver [-f SENDER] [-i ID] RECIPIENT < message	one message
 *	deliver						worker
 * 0: the message, or (worker) a packet socket: jobs with their spool files
 * come in, verdicts go out. 2: log. uid: who owns the mail; root delivers
 * each account's mail under the account's uid. Exit: 0 delivered, 64 usage,
 * 67 no such user, 75 try again, other codes: never. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/help.h"
#include "os/proc.h"
#include "pipe.h"
#include "worker.h"

static const char help[] =
    "usage: deliver [-f sender] [-i id] recipient < message\n"
    "       deliver\n"
    "Delivers a message to a recipient of this host: mailbox, program or\n"
    "forward. Without arguments it is a worker, and standard input a packet\n"
    "socket of jobs.\n"
    "  -f sender  for Return-Path; empty without it\n"
    "  -i id      the message's id, 26 characters; each arrives once\n"
    "See chainmail-deliver(8).\n";

static int
worker_run(struct worker *w)
{
	if (users_have(&w->users, "pipes"))
		w->runner = runner_start(&w->users, w->limits.pipe_time);
	return serve_jobs(w, 0);
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
	help_answer(argc, argv, help);
	j = job_new();
	if (!is_worker(argc) && !options(argc, argv, j))
		help_usage(help);
	if (j->id.len == 0)
		j->id = span_text(id.text);
	worker_init(&w);
	code = is_worker(argc) ? worker_run(&w) : oneshot_run(&w, j);
	job_free(j);
	worker_free(&w);
	return code;
}
