/* queue-run: hand the messages of the spool to those who deliver them.
 *
 *	queue-run        stay; told of new messages by inotify
 *	queue-run -1     one pass over everything, due or not; then end
 *
 * Descriptors: 2 the log. Workers are behind CHAINMAIL_RUN/deliver and send;
 * with -1, or -w, deliver is started as a child where there is no socket.
 * Uid: chainmail-queue. SIGHUP: everything is due now. SIGTERM: end.
 * Exit codes: 0 done; 64 usage; 75 another one runs, or a system error. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/die.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "runner.h"

enum { FILES_MAX = 1024, MEMORY_MAX = 1 << 30 };

static void
pools_start(struct runner *r, bool own_worker)
{
	struct str path = STR_INIT;
	struct pool *local = &r->pools[LOCAL];

	str_addf(&path, "%s/deliver", dir_run());
	pool_init(local, path.at, r->limits.deliver_workers, &r->number);
	if (own_worker && !pool_exists(local)) {
		pool_free(local);
		pool_init(local, NULL, 1, &r->number);
		pool_adopt(local, worker_start());
	}
	str_setf(&path, "%s/send", dir_run());
	pool_init(
	    &r->pools[REMOTE], path.at, r->limits.send_workers, &r->number);
	pool_init(&r->pools[REPORT], NULL, 1, &r->number);
	pool_adopt(&r->pools[REPORT], report_start(&r->spool));
	str_free(&path);
}

/* Watch new/ before reading it, so that no message falls between. */
static void
watch_start(struct runner *r)
{
	struct str path = STR_INIT;

	str_addf(&path, "%s/new", dir_spool());
	r->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (r->inotify < 0 ||
	    inotify_add_watch(
		r->inotify, path.at, IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0)
		die(TEMP, "watch %s", path.at);
	str_free(&path);
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
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT);
}

int
main(int argc, char **argv)
{
	struct runner r = { .record = STR_INIT };
	bool own_worker = false;
	int etc, c;

	proc_start(argv[0], 3);
	while ((c = getopt(argc, argv, "1w")) != -1) {
		if (c == '?')
			die(USAGE, "usage: queue-run [-1w]");
		r.once = r.once || c == '1';
		own_worker = true;
	}
	if (optind < argc)
		die(USAGE, "usage: queue-run [-1w]");
	if (spool_open(&r.spool) < 0)
		die(TEMP, "open the spool %s", dir_spool());
	start_lock();
	etc = conf_open();
	conf_limits(etc, &r.limits, NULL, NULL);
	users_open(&r.users, etc);
	queue_init(&r.queue);
	pools_start(&r, own_worker);
	signals_start(&r);
	watch_start(&r);
	enter_sandbox();
	start_scan(&r);
	if (r.once)
		queue_wake(&r.queue, 0);
	return loop(&r);
}
