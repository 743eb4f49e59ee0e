#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "os/conf.h"
#include "os/sock.h"

enum {
	REQUEST_FDS = 3, /* message, result, where the verdict goes */
	GRACE_MS = 5000, /* the runner's own time beyond the filters' */
};

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

static void
facts_set(struct span facts)
{
	struct str value = STR_INIT;
	struct span key;

	while (record_next(&facts, &key, &value)) {
		char *name = mem_text(key);

		setenv(name, value.at, 1);
		free(name);
	}
	str_free(&value);
}

/* One message, in a process of its own. */
static _Noreturn void
request_run(int etc, struct span packet, const int fds[REQUEST_FDS])
{
	struct filter_verdict v = { .code = TEMP, .text = STR_INIT };
	struct str file = STR_INIT, record = STR_INIT;
	struct span facts = packet, line;
	struct filter_request r = { .in = fds[0], .out = fds[1] };

	signal(SIGCHLD, SIG_DFL);
	if (span_line(&facts, &line) && record_get(line, "file", &file) &&
	    record_get_number(line, "seconds", INT32_MAX, &r.seconds)) {
		r.file = file.at;
		r.facts = facts;
		facts_set(facts);
		pipeline_run(etc, &r, &v);
	}
	record_verb(&record, "verdict");
	record_add_number(&record, "code", v.code);
	record_add(&record, "text", str_span(&v.text));
	sock_send(fds[2], str_span(&record), NULL, 0);
	_exit(DONE);
}

/* Serve requests until every smtpd that could send one has ended. */
static _Noreturn void
runner(int sock, int etc)
{
	struct str packet = STR_INIT;
	int fds[FDS_MAX], r;
	size_t count;

	signal(SIGCHLD, SIG_IGN); /* nobody waits for the handlers */
	while ((r = sock_receive(sock, 0, &packet, fds, &count)) != 0) {
		pid_t pid = -1;

		if (r > 0 && count == REQUEST_FDS) {
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

int
filter_run(
    int runner_sock, const struct filter_request *r, struct filter_verdict *v_r)
{
	struct str record = STR_INIT;
	int pair[2], sent;

	v_r->code = TEMP;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	record_verb(&record, "run");
	record_add_text(&record, "file", r->file);
	record_add_number(&record, "seconds", (int64_t)r->seconds);
	record_end(&record);
	str_add(&record, r->facts);
	sent = sock_send(runner_sock, str_span(&record),
	    (const int[REQUEST_FDS]){ r->in, r->out, pair[1] }, REQUEST_FDS);
	close(pair[1]);
	if (sent == 0)
		verdict_wait(pair[0], r->seconds, v_r);
	close(pair[0]);
	str_free(&record);
	return sent;
}
