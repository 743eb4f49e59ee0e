/* pop3d: one authenticated POP3 session over one user's Maildir.
 *	pop3d [-l] [-u USER] MAILDIR
 *	descriptors 0, 1	the client
 *	descriptor 2		the log
 * Runs as vmail (or the account's own uid), started by login with -l, or by
 * hand. It may open only the Maildir and the files that logins depend on. Exit
 * codes: 0 the session ended, 64 usage, 75 the mailbox can't be opened, 78 no
 * sandbox. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "command.h"
#include "confine.h"
#include "os/proc.h"
#include "os/serve.h"
#include "os/sock.h"
#include "session.h"
#include "store/index_place.h"
#include "store/quota.h"

static const char help[] =
    "usage: pop3d [-l] [-u user] maildir\n"
    "One POP3 session, on standard input and output, of a user who is\n"
    "logged in.\n"
    "  -l       the greeting answers the login that came before\n"
    "  -u user  the name in the log\n"
    "See chainmail-pop3d(8).\n";

/* RFC 3206: SYS/PERM needs somebody to act; and RFC 2449: IN-USE. */
static int
unavailable(struct session *s, const char *path)
{
	int saved = errno;
	struct str text = STR_INIT;
	bool unsafe = saved == EPERM || saved == EACCES;

	str_set(&text, SPAN("the mailbox can't be opened now"));
	if (unsafe)
		store_fault(path, &text);
	io_putf(&s->io, "-ERR [%s] %s\r\n",
	    saved == EAGAIN ? "IN-USE"
		: unsafe    ? "SYS/PERM"
			    : "SYS/TEMP",
	    text.at);
	io_flush(&s->io);
	errno = saved;
	die(TEMP, "open the mailbox %s", path);
}

static int
session(void *arg)
{
	struct session *s = arg;
	struct store *store = s->folder.store;
	int r;

	if (folder_open(&s->folder, store, SPAN("INBOX"), false) < 0)
		unavailable(s, store->path.at);
	r = session_run(s);
	folder_close(&s->folder);
	io_free(&s->io);
	return r;
}

static const char *
options(int argc, char **argv, struct session *s)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "lu:")) != -1)
		if (c == 'l')
			s->logged_in = true;
		else if (c == 'u')
			s->user = span_text(optarg);
		else
			break;
	if (c != -1 || optind + 1 != argc)
		help_usage(help);
	return argv[optind];
}

int
main(int argc, char **argv)
{
	struct session s = { .commands = commands };
	struct store store;
	const char *maildir;
	int etc, r;

	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	maildir = options(argc, argv, &s);
	etc = conf_open();
	conf_limits(etc, &s.limits, NULL, NULL);
	grant_open(&s.grant, etc, s.user, span_text(fact("CHAINMAIL_LOGIN")));
	if (etc >= 0)
		close(etc);
	io_init(&s.io, 0, 1);
	if (store_open(&store, maildir, true) < 0)
		unavailable(&s, maildir);
	store.index = index_place_account(maildir);
	s.folder.store = &store;
	facts_complete();
	s.mark = quota_mark_open(&store, s.user);
	confine(maildir);
	r = serve(&(struct serve){ .session = session, .arg = &s });
	store_close(&store);
	grant_close(&s.grant);
	proc_exit(r);
}
