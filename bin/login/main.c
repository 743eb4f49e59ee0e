/* login: IMAP and POP3 until the user is known; then it execs imapd or pop3d.
 *	login
 * Descriptors: 0 and 1 the connection (or a listening socket, or the channel of
 * listen -k, as 0), 2 the log. SERVICE is the protocol: imap, imaps, pop3,
 * pop3s. Asks tlsd and authd in CHAINMAIL_RUN. Runs as the owner of the
 * mailboxes; as root only where accounts have a uid of their own. Exit: 0 the
 * client is gone, 64 usage, 75 an error, 77 refused; else that of the session
 * program. */
#include "base/die.h"
#include "base/help.h"
#include "login.h"
#include "os/conf.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"
#include "os/share.h"

static const char help[] =
    "usage: login\n"
    "IMAP or POP3, as SERVICE says, until the user is known; then imapd or\n"
    "pop3d.\n"
    "A service; chainmail-service(8) starts it.\n"
    "See chainmail-login(8).\n";

static void
tick(void *arg)
{
	struct login *l = arg;

	conf_limits_refresh(l->etc, &l->limits, &l->stamp);
}

int
main(int argc, char **argv)
{
	struct login l = { .imapd = STR_INIT, .pop3d = STR_INIT };
	struct serve s = { .session = parent_session, .arg = &l, .tick = tick };

	if (serve_is_parent())
		share_pages();
	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	if (argc > 1)
		help_usage(help);
	l.etc = conf_open();
	conf_changed(l.etc, "limits", &l.stamp);
	conf_limits(l.etc, &l.limits, conf_complain, (void *)"limits");
	tls_place_init(&l.tls);
	proc_sibling("imapd", &l.imapd);
	proc_sibling("pop3d", &l.pop3d);
	journald_open(&l.imapd_log, "imapd");
	journald_open(&l.pop3d_log, "pop3d");
	proc_limit(&(struct proc_limits){ .files = 4096 });
	/* The filter outlives the exec: CALLS_WATCH is imapd's, for IDLE. */
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT |
	    CALLS_ACCEPT | CALLS_FORK | CALLS_EXEC | CALLS_OWNER |
	    CALLS_SANDBOX | CALLS_WATCH);
	return serve(&s);
}
