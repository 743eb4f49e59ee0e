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
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "sender.h"

static int
session(void *arg)
{
	sender_narrow();
	return worker_run(arg);
}

static int
serve_jobs(struct sender *s)
{
	struct serve how = { .session = session, .arg = s };
	struct str path = STR_INIT;

	str_setf(&path, "%s/send", dir_run());
	serve_bind(path.at, SOCK_SEQPACKET);
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
	sender_open(&s);
	code = argc > 1 ? oneshot_run(&s, argc, argv) : serve_jobs(&s);
	sender_close(&s);
	return code;
}
