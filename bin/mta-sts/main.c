/* mta-sts: finds, fetches and caches the MTA-STS policies of domains (RFC
 * 8461).
 *	mta-sts			serves CHAINMAIL_RUN/sts
 *	mta-sts DOMAIN		prints the domain's policy
 *	descriptor 0		a listening SOCK_SEQPACKET socket, or anything
 *				else: then it binds the socket; 3: systemd's;
 *				if it was bound for it, it ends when idle
 *	descriptor 2		the log
 * Runs as chainmail-out, the owner of CHAINMAIL_SPOOL/sts.
 * Exit codes: 0 ended by SIGTERM, idle, or printed; 1 no policy; 64 usage;
 * 75 temporary; 78 configuration. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"
#include "os/sock.h"
#include "service.h"

static const char help[] =
    "usage: mta-sts [-i seconds] [-p port] [domain]\n"
    "Finds and caches the MTA-STS policies of other domains, for send;\n"
    "with a domain, prints its policy.\n"
    "  -i seconds  how long it stays without a query (300)\n"
    "  -p port     where the policy hosts listen (443)\n"
    "See chainmail-mta-sts(8).\n";

enum { CHILDREN_MAX = 200, SWEEP_TICKS = 3600, NO_POLICY = 1 };
enum { IDLE_S = 300, IDLE_MAX = 86400 };
enum { FILE_BYTES = 1 << 20, MEMORY = 512 << 20 };

struct program {
	struct service service;
	int ticks;
};

static int
session(void *arg)
{
	struct program *p = arg;

	proc_limit(&(struct proc_limits){ .no_fork = true });
	sandbox_calls(CALLS_FILES | CALLS_INTERNET);
	return question_answer(&p->service);
}

static void
tick(void *arg)
{
	struct program *p = arg;

	if (p->ticks++ % SWEEP_TICKS == 0)
		cache_sweep(p->service.dir);
}

/* The configuration can't be read inside the sandbox. */
static bool
stale(void *arg)
{
	const struct program *p = arg;

	return dns_is_stale(p->service.dns) || https_is_stale(p->service.https);
}

/* The folder may be missing, or inaccessible when run by hand. */
static int
folder_open(bool needed)
{
	struct str path = STR_INIT;
	int fd;

	str_setf(&path, "%s/sts", dir_spool());
	if (access(path.at, F_OK) < 0)
		dir_make(AT_FDCWD, path.at, 0750);
	fd = access(path.at, W_OK) == 0 ? dir_open(AT_FDCWD, path.at) : -1;
	if (fd < 0 && needed)
		die(CONFIG, "open %s for writing", path.at);
	str_free(&path);
	errno = 0;
	return fd;
}

static void
folder_allow(void)
{
	struct str path = STR_INIT;

	str_setf(&path, "%s/sts", dir_spool());
	sandbox_paths(
	    &(struct sandbox_path){ path.at, SANDBOX_READ | SANDBOX_WRITE }, 1);
	str_free(&path);
}

static int
ask_by_hand(const struct service *s, const char *word)
{
	struct str domain = STR_INIT;
	struct arena a = ARENA_INIT;
	struct known k;

	if (!question_domain(span_text(word), &domain))
		die(USAGE, "%s is not a domain", word);
	known_init(&k);
	switch (policy_find(s, str_span(&domain), &a, &k)) {
	case STS_FOUND:
		printf("%s", k.text.at);
		if (fclose(stdout) != 0)
			die(TEMP, "write the policy");
		return DONE;
	case STS_FAILED:
		errno = 0;
		die_text(TEMP, "%s: the policy can't be fetched (%s): %s",
		    domain.at, k.result.at, k.why.at);
	case STS_LATER:
		die(TEMP, "read what is known of %s", domain.at);
	case STS_ABSENT:
		break;
	}
	fprintf(stderr, "%s: no policy\n", domain.at);
	return NO_POLICY;
}

static uint64_t
number_read(const char *word, uint64_t max)
{
	uint64_t n;

	if (!span_is_number(span_text(word), max, &n) || n == 0)
		help_usage(help);
	return n;
}

/* The supervisor that holds the socket starts it again for the next query. */
static void
socket_open(struct serve *how, unsigned idle_s)
{
	struct str path = STR_INIT;

	str_setf(&path, "%s/sts", dir_run());
	if (serve_bind(path.at, SOCK_SEQPACKET)) {
		how->idle_s = idle_s;
		how->stale = stale;
	}
	str_free(&path);
}

int
main(int argc, char **argv)
{
	struct program p = { .service = { .port = 443 } };
	struct serve how = {
		.session = session, .arg = &p, .tick = tick, .max = CHILDREN_MAX
	};
	unsigned idle_s = IDLE_S;
	int option, etc;

	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	while ((option = getopt(argc, argv, "i:p:")) != -1)
		if (option == 'i')
			idle_s = (unsigned)number_read(optarg, IDLE_MAX);
		else if (option == 'p')
			p.service.port = (uint16_t)number_read(optarg, 65535);
		else
			help_usage(help);
	if (argc - optind > 1)
		help_usage(help);
	etc = conf_open();
	p.service.dns = dns_open(etc, conf_complain, (void *)"dns");
	p.service.https = https_open(etc);
	p.service.dir = folder_open(optind == argc);
	if (optind == argc)
		socket_open(&how, idle_s);
	proc_limit(
	    &(struct proc_limits){ .memory = MEMORY, .size = FILE_BYTES });
	folder_allow();
	if (optind < argc) {
		sandbox_calls(CALLS_FILES | CALLS_INTERNET);
		return ask_by_hand(&p.service, argv[optind]);
	}
	sandbox_calls(CALLS_FILES | CALLS_INTERNET | CALLS_ACCEPT | CALLS_FORK |
	    CALLS_SANDBOX);
	return serve(&how);
}
