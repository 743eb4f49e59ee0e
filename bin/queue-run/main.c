/* queue-run: passes the messages of the spool to deliver and send.
 *
 *	queue-run        stay; told of new messages by inotify
 *	queue-run -1     one pass over everything, due or not; then end
 *
 * Descriptors: 2 the log; 0 or 3 may be the socket of requests, else
 * CHAINMAIL_RUN/queue is made. Workers are behind CHAINMAIL_RUN/deliver and
 * send; with -1, or -w, they are started as children where there is no socket.
 * Uid: chainmail-queue. SIGHUP: everything is due now. SIGTERM: end.
 * Exit codes: 0 done; 64 usage; 75 another one runs, or a system error. */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "control.h"
#include "entry.h"
#include "helper.h"
#include "loop.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "scan.h"

static const char help[] =
    "usage: queue-run [-1w]\n"
    "Hands what is due to deliver and send, and makes reports.\n"
    "  -1  one pass over everything, due or not\n"
    "  -w  start deliver and send where nobody serves their sockets\n"
    "See chainmail-queue-run(8).\n";

enum {
	FILES_MAX = 1024,
	MEMORY_MAX = 1 << 30,
	OWN_SENDERS = 2,
	/* Messages in hand, each an open file: 128 of them usually. */
	LOCAL_LEAST = 44,
	WAITING = 24,
	WORKERS_MAX = 150,
	IN_HAND_MOST = 3 * WORKERS_MAX + WAITING,
};

/* The pool of a program's workers; without a socket, optionally of children. */
static void
pool_start(struct runner *r, enum pool_name name, const char *program,
    size_t max, size_t children)
{
	struct pool *p = &r->pools[name];
	struct str path = STR_INIT;
	int fd;

	str_addf(&path, "%s/%s", dir_run(), program);
	pool_init(p, path.at, max, &r->number);
	if (children > 0 && !pool_exists(p) &&
	    (fd = worker_start(program)) >= 0) {
		pool_free(p);
		pool_init(p, NULL, children, &r->number);
		pool_adopt(p, fd);
		while (p->count < children)
			pool_adopt(p, worker_start(program));
	} else if (children == 0) {
		pool_expect(p);
	}
	str_free(&path);
}

static void
pools_start(struct runner *r, bool own_workers)
{
	size_t workers = r->limits.send_workers;

	pool_start(r, LOCAL, "deliver", r->limits.deliver_workers,
	    own_workers ? 1 : 0);
	pool_start(r, REMOTE, "send", workers, own_workers ? OWN_SENDERS : 0);
	pool_init(&r->pools[REPORT], NULL, 1, &r->number);
	pool_adopt(&r->pools[REPORT], helper_start(&r->spool));
	/* Enough for all workers, and a few waiting in the lines. */
	r->hand.remote_max = workers < WORKERS_MAX ? 3 * workers + WAITING
						   : IN_HAND_MOST;
	r->hand.max = r->hand.remote_max + LOCAL_LEAST;
}

static void
signals_start(struct runner *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals < 0)
		die(TEMP, "signalfd");
}

static void
enter_sandbox(void)
{
	const struct sandbox_path paths[] = {
		{ dir_spool(), SANDBOX_READ | SANDBOX_WRITE },
		{ dir_etc(), SANDBOX_READ },
		{ dir_run(), SANDBOX_READ | SANDBOX_WRITE },
	};

	proc_limit(&(struct proc_limits){
	    .memory = MEMORY_MAX, .files = FILES_MAX, .no_fork = true });
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(
	    CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT | CALLS_ACCEPT);
}

int
main(int argc, char **argv)
{
	struct runner r = {
		.record = STR_INIT, .packet = STR_INIT, .text = STR_INIT
	};
	bool own_workers = false;
	int etc, c;

	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	while ((c = getopt(argc, argv, "1w")) != -1) {
		if (c == '?')
			help_usage(help);
		r.once = r.once || c == '1';
		own_workers = true;
	}
	if (optind < argc)
		help_usage(help);
	if (spool_open(&r.spool) < 0)
		die(TEMP, "open the spool %s", dir_spool());
	scan_lock();
	etc = conf_open();
	conf_limits(etc, &r.limits, conf_complain, (void *)"limits");
	reply_init(&r.reply);
	queue_init(&r.queue);
	destinations_init(
	    &r.destinations, (unsigned)r.limits.destination_workers);
	router_open(&r.router, etc, &r.destinations);
	notes_open(&r.notes);
	history_open(&r.history, r.limits.history_time);
	if (!r.once)
		r.control = control_start();
	pools_start(&r, own_workers);
	signals_start(&r);
	scan_watch(&r);
	enter_sandbox();
	scan_start(&r);
	if (r.once)
		entries_wake(&r);
	return loop(&r);
}
