/* sendmail: the command by which programs of this machine send mail; also mailq
 * and newaliases. A client of smtpd at CHAINMAIL_RUN/local, so it needs no more
 * rights than its caller. Descriptors: 0 the message; 1 and 2 messages to the
 * caller. Uid: anybody's. Exit: sysexits.h: 0 sent; 64 usage; 65 the message is
 * refused; 67 no such user; 69, 77 refused; 75 try again. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/help.h"
#include "complain.h"
#include "os/proc.h"
#include "send.h"

/* Exec the program that does it. */
static _Noreturn void
become(const char *program, const char *command)
{
	struct str path = STR_INIT;

	proc_sibling(program, &path);
	execl(path.at, program, command, (char *)NULL);
	complain_and_end(TEMP, "%s can't be run: %s", path.at, strerror(errno));
}

int
main(int argc, char **argv)
{
	struct options o;
	struct caller c;

	proc_start(argv[0], 3);
	help_answer(argc, argv, options_help);
	options_read(&o, argc, argv);
	switch (o.mode) {
	case LIST:
		become("chainmail-queue", "mailq");
	case FLUSH:
		become("chainmail-queue", "flush");
	case ALIASES:
		become("chainmail-user", "compile");
	case SMTP:
	case SEND:
	case VERIFY:
		break;
	}
	caller_prepare(&c);
	if (o.mode == SMTP)
		return relay_run();
	return o.mode == SEND ? send_run(&o, &c) : verify_run(&o, &c);
}
