#include "helper.h"

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
#include "spool/state.h"

struct helper {
	struct spool spool;
	struct str bounce; /* path of the program */
	int channel;
};

/* The option for bounce, which refuses unknown kinds. */
static const char *
option_of(struct span kind)
{
	static const char *const options[] = { [REPORT_NONE] = "-?",
		[REPORT_FAILED] = "-f",
		[REPORT_DELIVERED] = "-d",
		[REPORT_DELAYED] = "-w" };

	for (enum state_report k = REPORT_FAILED; k <= REPORT_DELAYED; k++)
		if (span_equal(kind, span_text(state_report_word(k))))
			return options[k];
	return options[REPORT_NONE];
}

/* What is asked for. */
struct request {
	struct str id, as, to, kind;
	bool twice; /* a report on a report */
};

/* In the child: descriptor 0 the message, 1 the report. */
static _Noreturn void
bounce_exec(struct helper *h, const struct request *q, int in, int out)
{
	struct str state = STR_INIT;

	str_addf(&state, "%s/state/%s", dir_spool(), q->id.at);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
		die(TEMP, "descriptors of bounce");
	execl(h->bounce.at, "bounce", option_of(str_span(&q->kind)), state.at,
	    NULL);
	die(TEMP, "start %s", h->bounce.at);
}

static int
bounce_run(struct helper *h, const struct request *q, int out)
{
	int status, in = openat(h->spool.new, q->id.at, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (in < 0)
		return TEMP;
	pid = fork();
	if (pid == 0)
		bounce_exec(h, q, in, out);
	close(in);
	if (pid < 0)
		return TEMP;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return TEMP;
	return WIFEXITED(status) ? WEXITSTATUS(status) : TEMP;
}

/* A report on a report has its own service name, so that no further one is made
 * on it. */
static int
report_make(struct helper *h, const struct request *q)
{
	struct span to = str_span(&q->to);
	struct envelope e;
	struct spool_file f;
	struct id as;
	int verdict = TEMP, out;

	if (!id_valid(str_span(&q->id)) || !id_valid(str_span(&q->as)))
		return TEMP;
	memcpy(as.text, q->as.at, sizeof as.text);
	envelope_init(&e);
	e.client = SPAN("local");
	e.service = q->twice ? SPAN("double-bounce") : SPAN("bounce");
	/* The report may be non-ASCII: a returned message/rfc822 can't be
	 * encoded, and everything may be UTF-8 if the address is. */
	e.body = SPAN("8BITMIME");
	e.smtputf8 = !span_is_ascii(to);
	envelope_to(&e, &(struct recipient){ .address = to });
	if (spool_create(&f, &h->spool, &as, &e) == 0) {
		out = spool_share(&f);
		if (out >= 0)
			verdict = bounce_run(h, q, out);
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

static void
request_do(struct helper *h, struct request *q, struct span record)
{
	struct str *answer = &q->id;
	struct logline l;
	uint64_t n = 0, twice;
	int verdict;

	record_get_number(record, "n", UINT64_MAX, &n);
	record_get(record, "id", &q->id);
	record_get(record, "as", &q->as);
	record_get(record, "to", &q->to);
	record_get(record, "kind", &q->kind);
	q->twice = record_get_number(record, "double", 1, &twice);
	verdict = report_make(h, q);
	log_start(&l, "report");
	log_span(&l, "id", str_span(&q->id));
	log_span(&l, "report", str_span(&q->as));
	log_span(&l, "to", str_span(&q->to));
	log_span(&l, "kind", str_span(&q->kind));
	log_number(&l, "verdict", verdict);
	log_write(&l);
	str_clear(answer);
	record_verb(answer, "done");
	record_add_number(answer, "n", (int64_t)n);
	record_add_number(answer, "verdict", verdict);
	sock_send(h->channel, str_span(answer), NULL, 0);
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
	struct request q = { STR_INIT, STR_INIT, STR_INIT, STR_INIT, false };
	struct str record = STR_INIT;
	int fds[FDS_MAX], r;
	size_t count;

	helper_sandbox();
	while ((r = sock_receive(h->channel, 0, &record, fds, &count)) > 0) {
		while (count > 0)
			close(fds[--count]);
		request_do(h, &q, str_span(&record));
	}
	_exit(r == 0 ? DONE : TEMP);
}

int
helper_start(const struct spool *s)
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
worker_start(const char *program)
{
	struct str path = STR_INIT;
	int pair[2];
	pid_t pid;

	proc_sibling(program, &path);
	if (access(path.at, X_OK) < 0) {
		str_free(&path);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    (pid = fork()) < 0)
		die(TEMP, "start %s", program);
	if (pid == 0) {
		if (dup2(pair[1], 0) < 0 || dup2(pair[1], 1) < 0)
			die(TEMP, "descriptors of %s", program);
		execl(path.at, program, NULL);
		die(TEMP, "start %s", path.at);
	}
	close(pair[1]);
	str_free(&path);
	return pair[0];
}
