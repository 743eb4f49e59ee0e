/* verifyd: checks mail from outside: SPF, DKIM, ARC, DMARC, iprev.
 *	verifyd [-t seconds]	serves CHAINMAIL_RUN/verify
 *	descriptor 0		a listening SOCK_SEQPACKET socket, or one
 *				connection, or anything else: then it binds the
 *				socket; 3: systemd's
 *	descriptor 2		the log
 * One process, forked, for each message. Runs as chainmail-check.
 * Exit codes: 0 ended by SIGTERM, or answered; 64 usage; 65 no question;
 * 75 temporary; 78 configuration. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "service.h"
#include "trust/rules.h"

static const char help[] =
    "usage: verifyd [-t seconds]\n"
    "Checks mail from outside (SPF, DKIM, ARC, DMARC, iprev), for the filter\n"
    "mail-verify; it serves CHAINMAIL_RUN/verify.\n"
    "  -t seconds  for all answers of the DNS about one message (20)\n"
    "See chainmail-verifyd(8).\n";

enum { CHILDREN_MAX = 200, IDLE_S = 300 };
enum { DNS_S = 20, DNS_S_MAX = 600 };

/* Mistakes are told once; such lines are skipped with each message. */
static void
rules_tell(int etc)
{
	struct rules r = { .count = 0 };

	rules_read_checks(etc, &r, conf_complain, (void *)"verify");
	rules_read_forwarders(etc, &r, conf_complain, (void *)"forwarders");
	rules_free(&r);
}

static int
session(void *arg)
{
	service_narrow();
	return question_answer(arg);
}

/* Some files of /etc can't be read again inside the sandbox. */
static bool
stale(void *arg)
{
	const struct service *s = arg;

	return dns_is_stale(s->dns);
}

/* The supervisor that holds the socket starts it again for the next message. */
static void
socket_open(struct serve *how)
{
	struct str path = STR_INIT;

	str_setf(&path, "%s/verify", dir_run());
	if (serve_bind(path.at, SOCK_SEQPACKET)) {
		how->idle_s = IDLE_S;
		how->stale = stale;
	}
	str_free(&path);
}

int
main(int argc, char **argv)
{
	struct service s = { .me = STR_INIT };
	struct serve how = {
		.session = session, .arg = &s, .max = CHILDREN_MAX
	};
	uint64_t seconds = DNS_S;
	int option;

	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	while ((option = getopt(argc, argv, "t:")) != -1)
		if (option != 't' ||
		    !span_is_number(span_text(optarg), DNS_S_MAX, &seconds) ||
		    seconds == 0)
			help_usage(help);
	if (optind < argc)
		help_usage(help);
	s.dns_ms = (int64_t)seconds * 1000;
	s.etc = conf_open();
	conf_me(s.etc, &s.me);
	s.dns = dns_open(s.etc, conf_complain, (void *)"dns");
	rules_tell(s.etc);
	socket_open(&how);
	service_confine();
	return serve(&how);
}
