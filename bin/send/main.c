/* send: messages to other hosts, by SMTP or LMTP.
 *
 *	send [-v] [-f SENDER] [-t TLS] TARGET RECIPIENT ... < message
 *	send						worker
 * 0: the message, or (worker) a packet socket, connected or listening; without
 * one CHAINMAIL_RUN/send: jobs with their spool files come in, verdicts go out.
 * 2: log. uid: chainmail-out, the only reader of routes.auth. Exit: 0 sent (a
 * worker: ended), 64 usage, 75 try again, other codes: never. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "sender.h"

static int
session(void *arg)
{
	struct sender *s = arg;

	s->signals = proc_term();
	sender_narrow();
	return worker_run(s);
}

enum { IDLE_S = 300 };

/* What it can't read any more inside the sandbox. */
static bool
stale(void *arg)
{
	const struct sender *s = arg;

	return dns_is_stale(s->dns);
}

/* A new worker begins with what counts now, not with what did at the start: if
 * the file has a mistake by then, that is what stays in force. */
static void
refresh(void *arg)
{
	struct sender *s = arg;

	tls_rules_refresh(s->rules);
	routes_refresh(s->routes);
}

static int
serve_jobs(struct sender *s)
{
	struct serve how = { .session = session,
		.arg = s,
		.tick = refresh,
		.patience_s = SERVE_WORKER_S,
		.ending = &s->ending };
	struct str path = STR_INIT;

	str_setf(&path, "%s/send", dir_run());
	if (serve_bind(path.at, SOCK_SEQPACKET)) {
		how.idle_s = IDLE_S;
		how.stale = stale;
	}
	str_free(&path);
	sender_sandbox(true);
	return serve(&how);
}

int
main(int argc, char **argv)
{
	struct sender s;
	int code;

	proc_start("send", 4);
	help_answer(argc, argv, oneshot_help);
	sender_open(&s);
	code = argc > 1 ? oneshot_run(&s, argc, argv) : serve_jobs(&s);
	sender_close(&s);
	return code;
}
