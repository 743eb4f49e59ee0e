/* listen: accepts connections and gives each a process.
 *	listen [-k] [-c total] [-s per-source] [-p balancers] addresses program …
 *	listen -w address program …
 * Two processes: the acceptor is exposed to the network, under a sandbox in
 * which it can only accept, count, log and pass descriptors; this one starts
 * the program behind the channel, and restarts it when it ends. With -w there
 * is one process, and the program accepts by itself. Descriptors: 2 the log; 0
 * or those of LISTEN_FDS the sockets ("-"). Runs as the uid of its program.
 * Exit: 0 after SIGTERM, 64 wrong usage, 75 an error, 78 an address that can't
 * be used. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/help.h"
#include "listen.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/sock.h"

static const char help[] =
    "usage: listen [-k] [-c total] [-s per-source] [-p balancers]\n"
    "              addresses program [argument ...]\n"
    "       listen -w address program [argument ...]\n"
    "Accepts connections and gives each a process of the program.\n"
    "  -k             start the program once; it forks for each one\n"
    "  -w             start the program when a connection is there, and\n"
    "                 whenever it has ended; it accepts by itself\n"
    "  -c total       connections at once (1000)\n"
    "  -s per-source  connections at once from one address (100)\n"
    "  -p balancers   networks whose PROXY headers are trusted\n"
    "  addresses      [service=]host:port, *:port or /path[:mode], with\n"
    "                 commas between; -: the sockets of systemd\n"
    "See chainmail-listen(8).\n";

enum {
	TOTAL_OTHERWISE = 1000,
	SOURCE_OTHERWISE = 100,
	TOTAL_MAX = 100000,
};

struct parent {
	const struct options *options;
	int channel; /* the program's end */
	pid_t acceptor, program;
	bool closing;
	int64_t started; /* the program */
	int backoff_ms;
};

static unsigned
number_option(struct span text)
{
	uint64_t n;

	if (!span_is_number(text, TOTAL_MAX, &n) || n == 0)
		die(USAGE, "%.*s is no number from 1 to %d", (int)text.len,
		    text.at, TOTAL_MAX);
	return (unsigned)n;
}

static void
source_option(struct options *o, const char *text)
{
	struct span number = span_text(text), all = SPAN(",local");

	if (span_ends_case(number, all)) {
		number.len -= all.len;
		o->count_local = true;
	}
	o->per_source = number_option(number);
}

static void
options_read(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .total = TOTAL_OTHERWISE,
		.per_source = SOURCE_OTHERWISE };
	while ((c = getopt(argc, argv, "+kwc:s:p:")) != -1)
		if (c == 'k')
			o->keep = true;
		else if (c == 'w')
			o->wait = true;
		else if (c == 'c')
			o->total = number_option(span_text(optarg));
		else if (c == 's')
			source_option(o, optarg);
		else if (c != 'p')
			optind = argc;
		else if (networks_parse(span_text(optarg), o->balancers,
			     &o->balancer_count) < 0)
			die(USAGE, "-p takes networks, as 192.0.2.0/24,::1");
	if (argc - optind < 2)
		help_usage(help);
	o->program = argv + optind + 1;
}

static void
program_again(struct parent *p)
{
	p->started = clock_mono_ms();
	p->program = program_start(p->options, p->channel);
	if (p->program < 0)
		die(TEMP, "fork");
}

/* listen runs any program, for any user: an unreadable configuration counts as
 * none. */
static void
switches_read(struct options *o)
{
	int etc = dir_open(AT_FDCWD, dir_etc());
	struct limits limits;

	conf_limits(etc, &limits, NULL, NULL);
	o->log_starts = limits.log_connections > 0;
	if (etc >= 0)
		close(etc);
	errno = 0;
}

/* Tell the acceptor that its connections are gone, log, and back off if the
 * program ended early. */
static void
program_ended(struct parent *p, int status)
{
	p->program = -1;
	(void)!send(p->channel, "restart", strlen("restart"),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (p->acceptor < 0 || (p->closing && status == 0))
		return;
	p->backoff_ms = backoff_next(p->backoff_ms, p->started);
	restart_log(p->options, status, p->backoff_ms);
}

static void
children_reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->program)
			program_ended(p, status);
		if (pid != p->acceptor)
			continue;
		if (!p->closing)
			die_text(TEMP, "the acceptor ended");
		p->acceptor = -1;
	}
}

/* Until SIGTERM, and then until both children have ended. */
static void
keep(struct parent *p, const sigset_t *signals)
{
	while (p->acceptor > 0 || p->program > 0) {
		/* Even after SIGTERM: accepted connections are served. */
		bool starting = p->program < 0 && p->acceptor > 0;
		struct timespec t = { p->backoff_ms / 1000,
			p->backoff_ms % 1000 * 1000000L };
		int s = sigtimedwait(signals, NULL, starting ? &t : NULL);

		if (s == SIGCHLD)
			children_reap(p);
		else if (s > 0 && p->acceptor > 0) {
			p->closing = true;
			kill(p->acceptor, SIGTERM);
			if (p->program > 0) /* the sessions' grace begins */
				kill(p->program, SIGTERM);
		} else if (s < 0 && errno == EAGAIN)
			program_again(p);
		if (p->closing && p->acceptor < 0 && p->channel >= 0) {
			close(p->channel);
			p->channel = -1;
		}
	}
}

/* From here on only the acceptor has the sockets. */
static void
acceptor_start(
    struct parent *p, const struct listener *l, size_t count, int channel)
{
	int null;

	p->acceptor = fork();
	if (p->acceptor < 0)
		die(TEMP, "fork");
	if (p->acceptor == 0) {
		close(p->channel);
		acceptor_run(p->options, l, count, channel);
	}
	close(channel);
	for (size_t i = 0; i < count; i++)
		close(l[i].fd);
	null = open("/dev/null", O_RDWR);
	if (null > 0) {
		dup2(null, 0);
		close(null);
	}
}

int
main(int argc, char **argv)
{
	struct listener l[LISTENERS_MAX];
	struct parent p = { 0 };
	struct options o;
	sigset_t signals;
	size_t count;
	int ends[2];

	proc_start(argv[0], 3 + listeners_given());
	help_answer(argc, argv, help);
	options_read(&o, argc, argv);
	count = strcmp(argv[optind], "-") == 0
	    ? listeners_inherit(l)
	    : listeners_bind(span_text(argv[optind]), l);
	/* Drop the capability to bind. Programs started as root change their
	 * uid themselves. */
	if (geteuid() != 0)
		proc_powerless();
	o.workers = listeners_are_packets(l, count);
	switches_read(&o);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (o.wait && count > 1)
		die(USAGE, "-w is for one socket, not for %zu", count);
	if (o.wait)
		return wait_run(&o, &l[0], &signals);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die(TEMP, "socketpair");
	p.options = &o;
	p.channel = ends[1];
	acceptor_start(&p, l, count, ends[0]);
	program_again(&p);
	keep(&p, &signals);
	return DONE;
}
