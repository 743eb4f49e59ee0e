/* smtpd: one SMTP (mail exchanger, submission) or LMTP session, by SERVICE;
 * accepted mail goes into the spool. See smtpd(8).
 * Descriptors: 0 and 1 the connection, or 0 a listening socket or the channel
 * of listen -k (lib/os/serve.h); 2 the log.
 * uid: chainmail-mx; any that may write the spool's tmp/ and new/.
 * Exit: 0 the session ended; 64 usage; 75 it could not start. */
#include "base/die.h"
#include "os/proc.h"
#include "os/serve.h"
#include "session.h"

int
main(int argc, char **argv)
{
	struct server server;

	proc_start(argv[0], 3);
	if (argc != 1)
		die(USAGE, "usage: %s", argv[0]);
	server_open(&server);
	server_sandbox(&server);
	return serve(&(struct serve){ .session = session_run,
	    .arg = &server,
	    .tick = server_refresh,
	    .helper = server.helper });
}
