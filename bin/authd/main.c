/* authd: authenticates clients: SASL dialogues over CHAINMAIL_RUN/auth.
 *	descriptor 0	a listening stream socket, or anything else: then it
 *			binds CHAINMAIL_RUN/auth; 3: systemd's socket
 *	descriptor 2	the log
 * Runs as chainmail-auth, the only reader of secrets.cdb. One process per
 * dialogue; guessers are delayed, and no more hashes run at once than there are
 * cores. Exit codes: 0 ended by SIGTERM, 64 usage, 75 temporary, 78
 * configuration. */
#include <sys/socket.h>

#include "backend.h"
#include "base/die.h"
#include "base/help.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "os/share.h"
#include "session.h"

static const char help[] =
    "usage: authd\n"
    "Authenticates clients: answers SASL dialogues at CHAINMAIL_RUN/auth.\n"
    "A service; chainmail-service(8) starts it.\n"
    "See chainmail-authd(8).\n";

enum { DIALOGUES_MAX = 500, DIALOGUES_EACH = 1000 };

/* Reopen both databases if replaced. */
static void
refresh(struct authd *a)
{
	users_refresh(&a->users);
	database_refresh(&a->secrets);
}

/* Start of a process for dialogues, whose sandbox can read only the
 * databases. */
static void
begin(void *arg)
{
	refresh(arg);
	dialogue_sandbox();
}

static int
session(void *arg)
{
	refresh(arg);
	return session_run(arg, 0);
}

static void
tick(void *arg)
{
	refresh(arg);
}

int
main(int argc, char **argv)
{
	struct authd a;
	struct serve how = { .session = session,
		.arg = &a,
		.tick = tick,
		.again = DIALOGUES_EACH,
		.begin = begin,
		.max = DIALOGUES_MAX };
	struct str path = STR_INIT;
	int etc;

	share_pages();
	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	if (argc != 1)
		help_usage(help);
	etc = conf_open();
	str_setf(&path, "%s/auth", dir_run());
	serve_bind(path.at, SOCK_STREAM);
	a.runner = backend_start(etc, &how.helper);
	users_open(&a.users, etc);
	secrets_open(&a.secrets, etc);
	a.shared = shared_new();
	str_setf(&path, "%s/penalties", dir_run());
	a.penalties = penalties_open(path.at);
	str_free(&path);
	refresh(&a);
	parent_sandbox();
	return serve(&how);
}
