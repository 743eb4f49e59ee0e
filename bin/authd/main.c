/* authd: says who a client is: SASL dialogues over CHAINMAIL_RUN/auth.
 *	descriptor 0	a listening stream socket, or anything else: then it
 *			binds CHAINMAIL_RUN/auth; 3: systemd's socket
 *	descriptor 2	the log
 * Runs as chainmail-auth, the only reader of secrets.cdb. One process per
 * dialogue; guessers wait, and no more hashes run at once than there are cores.
 * Exit codes: 0 ended by SIGTERM, 64 usage, 75 temporary, 78 configuration. */
#include <sys/socket.h>

#include "backend.h"
#include "base/die.h"
#include "dialogue.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"

enum { DIALOGUES_MAX = 500 };

/* Both databases as they are now. */
static void
refresh(struct authd *a)
{
	users_refresh(&a->users);
	database_refresh(&a->secrets);
}

/* The dialogue's own process, which can read the databases and nothing else. */
static int
session(void *arg)
{
	struct authd *a = arg;

	refresh(a);
	dialogue_sandbox();
	return dialogue_run(a, 0);
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
		.max = DIALOGUES_MAX };
	struct str path = STR_INIT;
	int etc;

	proc_start(argv[0], 4);
	if (argc != 1)
		die(USAGE, "usage: authd");
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
