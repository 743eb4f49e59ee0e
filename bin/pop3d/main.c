/* pop3d: one authenticated POP3 session over one user's Maildir.
 *	pop3d [-l] [-u USER] MAILDIR
 *	descriptors 0, 1	the client
 *	descriptor 2		the log
 * Runs as vmail (or the account's own uid), started by login(8) with -l, or by
 * hand. It may open nothing but the Maildir and the marks of full mailboxes.
 * Exit codes: 0 the session ended, 64 usage, 75 the mailbox can't be opened,
 * 78 no sandbox. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"
#include "os/sock.h"
#include "session.h"

enum { MEMORY_MAX = 256 << 20, FILES_MAX = 64, FILE_SIZE_MAX = 256 << 20 };

static void
sandbox(const char *maildir)
{
	struct str full = STR_INIT;

	str_setf(&full, "%s/.full", dir_mail());
	proc_limit(&(struct proc_limits){ .memory = MEMORY_MAX,
	    .files = FILES_MAX,
	    .size = FILE_SIZE_MAX,
	    .no_fork = true });
	sandbox_paths(
	    (const struct sandbox_path[]){
		{ maildir, SANDBOX_READ | SANDBOX_WRITE },
		{ full.at, SANDBOX_WRITE },
	    },
	    2);
	sandbox_calls(CALLS_FILES);
	str_free(&full);
}

/* RFC 3206: SYS/TEMP, and RFC 2449: IN-USE. */
static int
unavailable(struct session *s, const char *path)
{
	int saved = errno;

	io_putf(&s->io, "-ERR [%s] the mailbox can't be opened now\r\n",
	    saved == EAGAIN ? "IN-USE" : "SYS/TEMP");
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
		die(USAGE, "usage: pop3d [-l] [-u USER] MAILDIR");
	return argv[optind];
}

int
main(int argc, char **argv)
{
	struct session s = { 0 };
	struct store store;
	const char *maildir;
	int etc, r;

	proc_start(argv[0], 3);
	maildir = options(argc, argv, &s);
	etc = conf_open();
	conf_limits(etc, &s.limits, NULL, NULL);
	if (etc >= 0)
		close(etc);
	io_init(&s.io, 0, 1);
	if (store_open(&store, maildir, true) < 0)
		unavailable(&s, maildir);
	s.folder.store = &store;
	facts_complete();
	sandbox(maildir);
	r = serve(&(struct serve){ .session = session, .arg = &s });
	store_close(&store);
	return r;
}
