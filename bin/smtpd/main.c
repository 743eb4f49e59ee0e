/* smtpd: one SMTP (mail exchanger, submission) or LMTP session, by SERVICE;
 * accepted mail goes into the spool. See chainmail-smtpd(8).
 * Descriptors: 0 and 1 the connection, or 0 a listening socket or the channel
 * of listen -k (lib/os/serve.h); 2 the log.
 * uid: chainmail-mx; any that may write the spool's tmp/ and new/.
 * Exit: 0 the session ended; 64 usage; 75 it could not start. */
#include "base/die.h"
#include "base/help.h"
#include "command.h"
#include "os/proc.h"
#include "os/serve.h"
#include "os/share.h"
#include "session.h"

static const char help[] =
    "usage: smtpd\n"
    "One SMTP or LMTP session, as SERVICE says, on standard input and\n"
    "output; what it accepts goes into the spool.\n"
    "See chainmail-smtpd(8).\n";

int
main(int argc, char **argv)
{
	struct server server;

	if (serve_is_parent())
		share_pages();
	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	if (argc != 1)
		help_usage(help);
	server_open(&server);
	server.commands = commands;
	server_sandbox(&server);
	return serve(&(struct serve){ .session = session_run,
	    .arg = &server,
	    .tick = server_refresh,
	    .helper = server.helper });
}
