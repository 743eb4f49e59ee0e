/* imapd: one authenticated IMAP session over a Maildir.
 *
 *	imapd [-t tag] [-u user] maildir
 *
 * fd 0, 1	the client; login execs this with a connection, and on a
 *		terminal or a pipe it greets with PREAUTH
 * fd 2		log
 * uid		that of the mail (vmail, or the user's own)
 * exit		0 the session ended; 64 usage; 75 mail not reachable now;
 *		78 mail or sandbox not safe */
#include <errno.h>
#include <unistd.h>

#include "base/die.h"
#include "confine.h"
#include "os/proc.h"
#include "os/sock.h"
#include "session.h"

static void
usage(void)
{
	errno = 0;
	die(USAGE, "usage: imapd [-t tag] [-u user] maildir");
}

static void
limits_read(struct limits *l)
{
	int etc = conf_open();

	conf_limits(etc, l, NULL, NULL);
	if (etc >= 0)
		close(etc);
}

int
main(int argc, char **argv)
{
	struct session s = { .user = "" };
	const char *tag = NULL;
	int option;

	proc_start(argv[0], 3);
	while ((option = getopt(argc, argv, "t:u:")) != -1)
		if (option == 't')
			tag = optarg;
		else if (option == 'u')
			s.user = optarg;
		else
			usage();
	if (argc - optind != 1)
		usage();
	facts_complete();
	limits_read(&s.limits);
	if (store_open(&s.store, argv[optind], true) < 0)
		die(errno == EPERM ? CONFIG : TEMP, "open mail in %s",
		    argv[optind]);
	confine(argv[optind]);
	session_run(&s, tag);
	store_close(&s.store);
	return DONE;
}
