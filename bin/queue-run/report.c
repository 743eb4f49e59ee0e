/* The helper process that makes reports: it alone may start programs. It gets
 * "report n=… id=… as=… to=… kind=…" and answers as a worker does. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/sock.h"
#include "runner.h"

struct helper {
	struct spool spool;
	struct str bounce; /* path of the program */
	int channel;
};

/* In the child: descriptor 0 the message, 1 the report. */
static _Noreturn void
bounce_exec(
    struct helper *h, const char *id, const char *option, int in, int out)
{
	struct str state = STR_INIT;

	str_addf(&state, "%s/state/%s", dir_spool(), id);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
		die(TEMP, "descriptors of bounce");
	execl(h->bounce.at, "bounce", option, state.at, NULL);
	die(TEMP, "start %s", h->bounce.at);
}

static int
bounce_run(struct helper *h, const char *id, const char *option, int out)
{
	int status, in = openat(h->spool.new, id, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (in < 0)
		return TEMP;
	pid = fork();
	if (pid == 0)
		bounce_exec(h, id, option, in, out);
	close(in);
	if (pid < 0)
		return TEMP;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return TEMP;
	return WIFEXITED(status) ? WEXITSTATUS(status) : TEMP;
}

static int
report_make(struct helper *h, const char *id, const struct id *as,
    struct span to, const char *option)
{
	struct envelope e;
	struct spool_file f;
	int verdict = TEMP, out;

	envelope_init(&e);
	e.client = SPAN("local");
	e.service = SPAN("bounce");
	/* What of the report may not be ASCII: a returned message/rfc822, which
	 * can't be encoded, and all of it when the address is in UTF-8. */
	e.body = SPAN("8BITMIME");
	e.smtputf8 = !span_is_ascii(to);
	envelope_to(&e, &(struct recipient){ .address = to });
	if (spool_create(&f, &h->spool, as, &e) == 0) {
		out = spool_share(&f);
		if (out >= 0)
			verdict = bounce_run(h, id, option, out);
		if (verdict == DONE) {
			/* EEXIST: made before a crash. */
			if (spool_commit(&f) < 0 && errno != EEXIST)
				verdict = TEMP;
		} else {
			spool_abort(&f);
		}
	}
	envelope_free(&e);
	return verdict;
}

/* The option of bounce; an unknown kind has bounce refuse it. */
static const char *
kind_option(struct span kind)
{
	if (span_equal(kind, SPAN("failed")))
		return "-f";
	if (span_equal(kind, SPAN("delivered")))
		return "-d";
	return span_equal(kind, SPAN("delayed")) ? "-w" : "-?";
}

static void
request_do(struct helper *h, struct span record)
{
	struct str id = STR_INIT, as = STR_INIT, to = STR_INIT, kind = STR_INIT;
	int verdict = TEMP;
	uint64_t n = 0;
	struct id report;
	struct logline l;

	record_get_number(record, "n", UINT64_MAX, &n);
	record_get(record, "to", &to);
	record_get(record, "kind", &kind);
	if (record_get(record, "id", &id) && id_valid(str_span(&id)) &&
	    record_get(record, "as", &as) && id_valid(str_span(&as))) {
		memcpy(report.text, as.at, sizeof report.text);
		verdict = report_make(h, id.at, &report, str_span(&to),
		    kind_option(str_span(&kind)));
	}
	log_start(&l, "report");
	log_span(&l, "id", str_span(&id));
	log_span(&l, "report", str_span(&as));
	log_span(&l, "to", str_span(&to));
	log_span(&l, "kind", str_span(&kind));
	log_number(&l, "verdict", verdict);
	log_write(&l);
	str_clear(&id);
	record_verb(&id, "done");
	record_add_number(&id, "n", (int64_t)n);
	record_add_number(&id, "verdict", verdict);
	sock_send(h->channel, str_span(&id), NULL, 0);
	str_free(&id);
	str_free(&as);
	str_free(&to);
	str_free(&kind);
}

static void
helper_sandbox(void)
{
	const struct sandbox_path paths[] = {
		{ dir_spool(), SANDBOX_READ | SANDBOX_WRITE },
		{ dir_etc(), SANDBOX_READ },
		{ "/usr", SANDBOX_READ | SANDBOX_EXEC },
		{ "/lib", SANDBOX_READ | SANDBOX_EXEC },
		{ "/lib64", SANDBOX_READ | SANDBOX_EXEC },
		{ "/etc/ld.so.cache", SANDBOX_READ },
		{ "/dev/null", SANDBOX_READ | SANDBOX_WRITE },
		/* The sanitizers read their options there. */
		{ SANDBOX_SANITIZED ? "/proc" : NULL, SANDBOX_READ },
	};
	struct str own = STR_INIT;
	struct sandbox_path all[COUNT(paths) + 1];

	for (size_t i = 0; i < COUNT(paths); i++)
		all[i] = paths[i];
	proc_sibling("", &own);
	all[COUNT(paths)] = (struct sandbox_path){ own.at,
		SANDBOX_READ | SANDBOX_EXEC };
	sandbox_paths(all, COUNT(all));
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_FORK | CALLS_EXEC |
	    CALLS_SANDBOX);
	str_free(&own);
}

static _Noreturn void
helper_run(struct helper *h)
{
	struct str record = STR_INIT;
	int fds[FDS_MAX], r;
	size_t count;

	helper_sandbox();
	while ((r = sock_receive(h->channel, 0, &record, fds, &count)) > 0) {
		while (count > 0)
			close(fds[--count]);
		request_do(h, str_span(&record));
	}
	_exit(r == 0 ? DONE : TEMP);
}

int
report_start(const struct spool *s)
{
	struct helper h = { .spool = *s, .bounce = STR_INIT };
	int pair[2];
	pid_t pid;

	proc_sibling("bounce", &h.bounce);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    (pid = fork()) < 0)
		die(TEMP, "start the helper process");
	if (pid == 0) {
		close(pair[0]);
		h.channel = pair[1];
		helper_run(&h);
	}
	close(pair[1]);
	str_free(&h.bounce);
	return pair[0];
}

int
worker_start(void)
{
	struct str path = STR_INIT;
	int pair[2];
	pid_t pid;

	proc_sibling("deliver", &path);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    (pid = fork()) < 0)
		die(TEMP, "start deliver");
	if (pid == 0) {
		if (dup2(pair[1], 0) < 0 || dup2(pair[1], 1) < 0)
			die(TEMP, "descriptors of deliver");
		execl(path.at, "deliver", NULL);
		die(TEMP, "start %s", path.at);
	}
	close(pair[1]);
	str_free(&path);
	return pair[0];
}
