/* login: IMAP and POP3 until the user is known; then become imapd or pop3d.
 *	login
 * Descriptors: 0 and 1 the connection (or a listening socket, or the channel
 * of listen -k, as 0), 2 the log.
 * SERVICE says what is spoken: imap, imaps, pop3, pop3s. Asks tlsd and authd
 * in CHAINMAIL_RUN. Runs as the owner of the mailboxes; as root only where
 * accounts have a uid of their own.
 * Exit: 0 the client is gone, 64 usage, 75 an error, 77 refused; else that of
 * the session program. */
#include "base/die.h"
#include "login.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"

int
main(int argc, char **argv)
{
	struct login l = { .imapd = STR_INIT, .pop3d = STR_INIT };
	struct serve s = { .session = keeper_session, .arg = &l };

	proc_start(argv[0], 3);
	if (argc > 1)
		die(USAGE, "usage: login (see login(8))");
	l.etc = conf_open();
	proc_sibling("imapd", &l.imapd);
	proc_sibling("pop3d", &l.pop3d);
	proc_limit(&(struct proc_limits){ .files = 4096 });
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT |
	    CALLS_ACCEPT | CALLS_FORK | CALLS_EXEC | CALLS_OWNER |
	    CALLS_SANDBOX);
	return serve(&s);
}
