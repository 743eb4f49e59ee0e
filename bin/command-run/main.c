/* command-run: runs the commands of the configuration for deliver and smtpd,
 * outside their sandboxes.
 *	command-run delivery	serves CHAINMAIL_RUN/commands
 *	command-run filter	serves CHAINMAIL_RUN/filters
 *	descriptor 0		a listening SOCK_SEQPACKET socket, or anything
 *				else: then it binds the socket; 3: systemd's
 *	descriptor 2		the log
 * Serves its own uid and root. uid: vmail (root where accounts have a uid of
 * their own), chainmail-mx. Exit: 0 ended by SIGTERM; 64 usage; 75 temporary; 78
 * configuration. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/help.h"
#include "base/log.h"
#include "base/record.h"
#include "commands/delivery.h"
#include "commands/filter.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "os/sock.h"

static const char help[] =
    "usage: command-run delivery | filter\n"
    "Runs commands outside the mail programs' sandboxes, and nothing else:\n"
    "  delivery  those of chainmail-users(5), for deliver; it serves\n"
    "            CHAINMAIL_RUN/commands\n"
    "  filter    those of filter.mx and filter.submission, for smtpd; it "
    "serves\n"
    "            CHAINMAIL_RUN/filters\n"
    "See chainmail-command-run(8).\n";

enum { REQUEST_MS = 10000 }; /* from the connection to its request */

static void
refused_log(unsigned uid, const char *text)
{
	struct logline l;

	log_start(&l, "refused");
	log_number(&l, "uid", uid);
	log_text(&l, "text", text);
	log_write(&l);
}

static bool
is_caller(int sock)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof peer;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    (peer.uid == geteuid() || peer.uid == 0))
		return true;
	refused_log(
	    peer.uid, "only this program's own uid and root are served");
	return false;
}

/* A command's input and output must not be the connection. */
static int
connection_move(void)
{
	int sock = fcntl(0, F_DUPFD_CLOEXEC, 3),
	    nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (sock < 0 || nothing < 0 || dup2(nothing, 0) < 0 ||
	    dup2(nothing, 1) < 0)
		die(TEMP, "open /dev/null");
	close(nothing);
	return sock;
}

static int
delivery_session(void *arg)
{
	int etc = *(const int *)arg, sock = connection_move();
	struct limits limits;
	struct users users;

	if (!is_caller(sock))
		return NOPERM;
	conf_limits(etc, &limits, conf_complain, (void *)"limits");
	users_open(&users, etc);
	delivery_serve(&(struct delivery){ .sock = sock,
	    .users = &users,
	    .seconds = limits.pipe_time,
	    .resident = true });
	users_close(&users);
	return DONE;
}

static void
filter_log(struct span packet, const struct filter_verdict *v, int64_t started)
{
	struct span facts = packet, line;
	struct str id = STR_INIT;
	struct logline l;

	span_line(&facts, &line);
	record_get(facts, "MESSAGE_ID", &id);
	log_start(&l, "filter");
	/* The event is a warning; what filters did as they should is none. */
	if (v->code != TEMP)
		log_level(&l, LEVEL_INFO);
	log_span(&l, "id", str_span(&id));
	log_number(&l, "verdict", v->code);
	if (v->text.len > 0)
		log_span(&l, "text", str_span(&v->text));
	log_number(&l, "ms", clock_mono_ms() - started);
	log_write(&l);
	str_free(&id);
}

/* A running command keeps its time, even if this process is told to end. */
static int
filter_session(void *arg)
{
	int etc = *(const int *)arg, sock = connection_move(), fds[FDS_MAX];
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct filter_verdict v = { .text = STR_INIT };
	struct str packet = STR_INIT;
	int64_t started = clock_mono_ms();
	size_t count = 0;

	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	if (!is_caller(sock))
		return NOPERM;
	if (poll(&p, 1, REQUEST_MS) <= 0 ||
	    sock_receive(sock, 0, &packet, fds, &count) <= 0)
		return TEMP;
	if (count != FILTER_FDS ||
	    !filter_serve(etc, str_span(&packet), fds, &v)) {
		refused_log(geteuid(), "malformed request");
		return TEMP;
	}
	filter_log(str_span(&packet), &v, started);
	return DONE;
}

static const struct mode {
	const char *name, *socket;
	int (*session)(void *arg);
} modes[] = {
	{ "delivery", "commands", delivery_session },
	{ "filter", "filters", filter_session },
};

static const struct mode *
mode_find(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < COUNT(modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			return &modes[i];
	help_usage(help);
}

int
main(int argc, char **argv)
{
	struct str path = STR_INIT;
	const struct mode *mode;
	int etc;

	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	mode = mode_find(argc, argv);
	etc = conf_open();
	str_setf(&path, "%s/%s", dir_run(), mode->socket);
	serve_bind(path.at, SOCK_SEQPACKET);
	str_free(&path);
	/* systemd's variables are for this process alone. */
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return serve(&(struct serve){ .session = mode->session,
	    .arg = &etc,
	    .patience_s = SERVE_WORKER_S });
}
