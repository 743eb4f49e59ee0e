#include "session.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "os/sandbox.h"

enum { FAILURES_MAX = 5 }; /* wrong passwords of one connection */

/* No call that could open a file is allowed, so Landlock would add nothing. */
void
session_sandbox(void)
{
	sandbox_calls(CALLS_STREAM | CALLS_SOCKET);
}

void
session_run(struct front *f)
{
	session_sandbox();
	str_init(&f->packet);
	str_init(&f->challenge);
	str_init(&f->name);
	io_init(&f->io, 0, 1);
	/* Input after the command that ends this process belongs to the session
	 * program. */
	f->io.exact = true;
	f->io.deadline = clock_mono_ms() + (int64_t)f->limits.login_time * 1000;
	if (f->imap)
		imap_greet(f);
	else
		pop3_greet(f);
	while (!f->done) {
		if (f->imap)
			imap_command(f);
		else
			pop3_command(f);
		if (f->errors > f->limits.errors ||
		    f->idle > f->limits.idle_commands ||
		    f->failures >= FAILURES_MAX)
			front_end(f, "Too many errors");
	}
	io_flush(&f->io);
	_exit(NOPERM);
}
