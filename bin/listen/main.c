/* listen: accept connections and give each a process.
 *	listen [-k] [-c total] [-s per-source] [-p balancers] addresses program …
 * Two processes: the acceptor meets the network under a sandbox in which it
 * can only accept, count, log and pass descriptors on; this one starts the
 * program behind the channel, and starts it again when it ends.
 * Descriptors: 2 the log; 0 or those of LISTEN_FDS the sockets ("-").
 * Runs as the uid of its program. Exit: 0 after SIGTERM, 64 wrong usage, 75 an
 * error, 78 an address that can't be used. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "listen.h"
#include "os/proc.h"
#include "os/sock.h"

enum {
	TOTAL_OTHERWISE = 1000,
	SOURCE_OTHERWISE = 100,
	TOTAL_MAX = 100000,
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 10000,
};

struct keeper {
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
	while ((c = getopt(argc, argv, "+kc:s:p:")) != -1)
		if (c == 'k')
			o->keep = true;
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
		die(USAGE,
		    "usage: listen [-k] [-c total] [-s per-source] "
		    "[-p balancers] addresses program [argument ...]");
	o->program = argv + optind + 1;
}

static void
program_again(struct keeper *k)
{
	k->started = clock_mono_ms();
	k->program = program_start(k->options, k->channel);
	if (k->program < 0)
		die(TEMP, "fork");
}

/* Tell the acceptor that its connections are nobody's, log, and wait a little
 * longer each time it does not last. */
static void
program_ended(struct keeper *k, int status)
{
	struct logline l;

	k->program = -1;
	(void)!send(k->channel, "restart", strlen("restart"),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (k->acceptor < 0 || (k->closing && status == 0))
		return;
	if (clock_mono_ms() - k->started > BACKOFF_MAX_MS)
		k->backoff_ms = 0;
	k->backoff_ms = k->backoff_ms == 0 ? BACKOFF_MIN_MS : 2 * k->backoff_ms;
	if (k->backoff_ms > BACKOFF_MAX_MS)
		k->backoff_ms = BACKOFF_MAX_MS;
	log_start(&l, "restart");
	log_text(&l, "program", k->options->program[0]);
	log_number(&l, "exit",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	log_number(&l, "wait-ms", k->backoff_ms);
	log_write(&l);
}

static void
children_reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->program)
			program_ended(k, status);
		if (pid != k->acceptor)
			continue;
		if (!k->closing)
			die(TEMP, "the acceptor ended");
		k->acceptor = -1;
	}
}

/* Until SIGTERM, and then until both children have ended. */
static void
keep(struct keeper *k, const sigset_t *signals)
{
	while (k->acceptor > 0 || k->program > 0) {
		/* After SIGTERM too: what was accepted is served. */
		bool starting = k->program < 0 && k->acceptor > 0;
		struct timespec t = { k->backoff_ms / 1000,
			k->backoff_ms % 1000 * 1000000L };
		int s = sigtimedwait(signals, NULL, starting ? &t : NULL);

		if (s == SIGCHLD)
			children_reap(k);
		else if (s > 0 && k->acceptor > 0) {
			k->closing = true;
			kill(k->acceptor, SIGTERM);
			if (k->program > 0) /* the sessions' grace begins */
				kill(k->program, SIGTERM);
		} else if (s < 0 && errno == EAGAIN)
			program_again(k);
		if (k->closing && k->acceptor < 0 && k->channel >= 0) {
			close(k->channel);
			k->channel = -1;
		}
	}
}

/* The sockets are the acceptor's alone from here on. */
static void
acceptor_start(
    struct keeper *k, const struct listener *l, size_t count, int channel)
{
	int null;

	k->acceptor = fork();
	if (k->acceptor < 0)
		die(TEMP, "fork");
	if (k->acceptor == 0) {
		close(k->channel);
		acceptor_run(k->options, l, count, channel);
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
	struct keeper k = { 0 };
	struct options o;
	sigset_t signals;
	size_t count;
	int ends[2];

	proc_start(argv[0], 3 + listeners_given());
	options_read(&o, argc, argv);
	count = strcmp(argv[optind], "-") == 0
	    ? listeners_inherit(l)
	    : listeners_bind(span_text(argv[optind]), l);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die(TEMP, "socketpair");
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	k.options = &o;
	k.channel = ends[1];
	acceptor_start(&k, l, count, ends[0]);
	program_again(&k);
	keep(&k, &signals);
	return DONE;
}
