/* verifyd: checks mail from outside: SPF, DKIM, ARC, DMARC, iprev.
 *	verifyd			serves CHAINMAIL_RUN/verify
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
#include "os/sandbox.h"
#include "os/serve.h"
#include "service.h"

static const char help[] =
    "usage: verifyd\n"
    "Checks mail from outside (SPF, DKIM, ARC, DMARC, iprev), for the filter\n"
    "mail-verify; it serves CHAINMAIL_RUN/verify.\n"
    "See chainmail-verifyd(8).\n";

enum { CHILDREN_MAX = 200, MEMORY = 256 << 20, FILES = 128 };

static int
session(void *arg)
{
	proc_limit(&(struct proc_limits){ .no_fork = true });
	sandbox_calls(CALLS_NAMES | CALLS_INTERNET);
	return question_answer(arg);
}

/* Only the configuration can be read, and nothing be written. */
static void
paths_allow(void)
{
	sandbox_paths(
	    &(struct sandbox_path){ dir_etc(), SANDBOX_READ }, 1);
}

static void
socket_open(void)
{
	struct str path = STR_INIT;

	str_setf(&path, "%s/verify", dir_run());
	serve_bind(path.at, SOCK_SEQPACKET);
	str_free(&path);
}

int
main(int argc, char **argv)
{
	struct service s = { .me = STR_INIT };
	struct serve how = {
		.session = session, .arg = &s, .max = CHILDREN_MAX
	};

	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	if (argc > 1)
		help_usage(help);
	s.etc = conf_open();
	conf_me(s.etc, &s.me);
	s.dns = dns_open(s.etc, conf_complain, (void *)"dns");
	socket_open();
	proc_limit(
	    &(struct proc_limits){ .memory = MEMORY, .files = FILES });
	paths_allow();
	sandbox_calls(CALLS_NAMES | CALLS_INTERNET | CALLS_ACCEPT | CALLS_FORK |
	    CALLS_SANDBOX);
	return serve(&how);
}
