#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/record.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/sock.h"

enum {
	GRACE_MS = 5000, /* the runner's own time beyond the filters' */
	REACH_MS = 5000, /* for connecting to a busy command-run */
};

/* command-run's socket. */
static void
service_path(struct str *path_r)
{
	str_setf(path_r, "%s/filters", dir_run());
}

bool
filter_service(void)
{
	struct str path = STR_INIT;
	bool there;

	service_path(&path);
	there = access(path.at, F_OK) == 0;
	errno = 0;
	str_free(&path);
	return there;
}

bool
filter_wanted(int etc, const char *file)
{
	struct conf_list l;
	struct span line;
	bool wanted;

	if (!conf_list_open(&l, etc, file))
		conf_missing(file);
	wanted = conf_next(&l, &line);
	conf_list_close(&l);
	return wanted;
}

/* One message, in a process of its own. */
static _Noreturn void
request_run(int etc, struct span packet, const int fds[FILTER_FDS])
{
	struct filter_verdict v = { .text = STR_INIT };

	signal(SIGCHLD, SIG_DFL);
	filter_serve(etc, packet, fds, &v);
	_exit(DONE);
}

/* Serve requests until every smtpd that could send one has ended. */
static _Noreturn void
runner(int sock, int etc)
{
	struct str packet = STR_INIT;
	int fds[FDS_MAX], r;
	size_t count;

	signal(SIGCHLD, SIG_IGN); /* handlers are not waited for */
	while ((r = sock_receive(sock, 0, &packet, fds, &count)) != 0) {
		pid_t pid = -1;

		if (r > 0 && count == FILTER_FDS) {
			pid = fork();
			if (pid == 0)
				request_run(etc, str_span(&packet), fds);
		}
		while (count > 0)
			close(fds[--count]);
		if (r < 0 && errno != EMSGSIZE)
			break;
	}
	_exit(DONE);
}

int
filter_runner_start(int etc, pid_t *pid_r)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    (pid = fork()) < 0)
		die(TEMP, "start the runner of filters");
	if (pid == 0) {
		int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

		/* The connection and the listening socket are not for it. */
		close(pair[0]);
		if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
		    dup2(nothing, STDOUT_FILENO) < 0)
			_exit(TEMP);
		runner(pair[1], etc);
	}
	close(pair[1]);
	*pid_r = pid;
	return pair[0];
}

static void
verdict_wait(int sock, uint64_t seconds, struct filter_verdict *v_r)
{
	int64_t until = clock_mono_ms() + (int64_t)seconds * 1000 + GRACE_MS;
	struct str packet = STR_INIT;
	int fds[FDS_MAX], n;
	size_t count = 0;
	uint64_t code;

	do {
		struct pollfd p = { .fd = sock, .events = POLLIN };
		int64_t left = until - clock_mono_ms();

		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0 && sock_receive(sock, 0, &packet, fds, &count) > 0 &&
	    record_get_number(str_span(&packet), "code", 255, &code)) {
		v_r->code = (int)code;
		record_get(str_span(&packet), "text", &v_r->text);
	}
	while (count > 0)
		close(fds[--count]);
	str_free(&packet);
}

/* Send the request to command-run, or else to the runner. */
static int
request_send(int runner, struct span packet, const int fds[FILTER_FDS])
{
	struct str path = STR_INIT;
	int sock, sent;

	service_path(&path);
	sock = sock_connect_unix(path.at, SOCK_SEQPACKET, REACH_MS);
	str_free(&path);
	if (sock < 0 && errno != ENOENT && errno != ECONNREFUSED &&
	    errno != EACCES)
		return -1;
	if (sock < 0 && runner < 0)
		return -1;
	sent = sock_send(sock < 0 ? runner : sock, packet, fds, FILTER_FDS);
	if (sock >= 0)
		close(sock);
	return sent;
}

int
filter_run(int runner, const struct filter_job *j, struct filter_verdict *v_r)
{
	struct str record = STR_INIT;
	int pair[2], sent;

	v_r->code = TEMP;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	record_verb(&record, "run");
	record_add_text(&record, "file", j->file);
	record_end(&record);
	str_add(&record, j->facts);
	sent = request_send(runner, str_span(&record),
	    (const int[FILTER_FDS]){ j->in, j->out, pair[1] });
	close(pair[1]);
	if (sent == 0)
		verdict_wait(pair[0], j->seconds, v_r);
	close(pair[0]);
	str_free(&record);
	return sent;
}
