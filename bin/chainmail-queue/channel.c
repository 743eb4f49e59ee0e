/* The conversation with queue-run over CHAINMAIL_RUN/queue, and its lock. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/die.h"
#include "base/record.h"
#include "os/dirs.h"
#include "os/sock.h"
#include "request.h"
#include "spool/hold.h"

enum { CONNECT_MS = 5000, LOCK_MS = 1000 };

void
request_deny(const struct request *r, const char *format, ...)
{
	struct str text = STR_INIT;
	va_list ap;

	if (r->quiet)
		_exit(DONE);
	va_start(ap, format);
	str_add_format(&text, format, ap);
	va_end(ap);
	die(NOPERM, "%s", text.at);
}

/* Without a queue-run nothing is tried, which is fine when nothing waits. */
static _Noreturn void
queue_run_missing(const struct request *r)
{
	struct names names = { .count = 1 };

	if (r->quiet && names_read(&names, &r->spool, &r->filter) == 0 &&
	    names.count == 0)
		_exit(DONE);
	errno = 0;
	die_text(TEMP, "queue-run does not run; start it for that");
}

void
channel_open(struct request *r, bool lock)
{
	struct str path = STR_INIT;

	str_addf(&path, "%s/queue", dir_run());
	r->channel = sock_connect_unix(path.at, SOCK_SEQPACKET, CONNECT_MS);
	if (r->channel >= 0) {
		str_free(&path);
		return;
	}
	if (errno == EACCES || errno == EPERM)
		request_deny(r, "connect to %s", path.at);
	if (errno != ENOENT && errno != ECONNREFUSED && errno != ENOTDIR)
		die(TEMP, "connect to %s", path.at);
	str_free(&path);
	errno = 0;
	if (!lock)
		queue_run_missing(r);
	r->lock = spool_lock(LOCK_MS);
	if (r->lock >= 0)
		return;
	if (errno == EACCES || errno == EPERM)
		request_deny(
		    r, "take the lock of queue-run in %s", dir_spool());
	if (errno == EAGAIN) {
		errno = 0;
		die_text(TEMP, "a queue-run works on %s, but not at %s/queue",
		    dir_spool(), dir_run());
	}
	die(TEMP, "take the lock of queue-run in %s", dir_spool());
}

void
channel_ask(struct request *r, struct span packet, struct str *answer_r)
{
	int fds[FDS_MAX], got;
	size_t count = 0;
	struct span rest;

	if (sock_send(r->channel, packet, NULL, 0) < 0)
		die(TEMP, "ask queue-run");
	got = sock_receive(r->channel, 0, answer_r, fds, &count);
	while (count > 0)
		close(fds[--count]);
	if (got < 0)
		die(TEMP, "read the answer of queue-run");
	errno = 0;
	if (got == 0)
		request_deny(r,
		    "queue-run does not answer: only root and its own "
		    "user may do that");
	rest = str_span(answer_r);
	if (!span_take_text(&rest, SPAN("ok"))) {
		struct str text = STR_INIT;

		record_get(
		    span_head(rest, span_find(rest, '\n')), "text", &text);
		die_text(TEMP, "queue-run says: %s", text.at);
	}
	str_shift(answer_r, answer_r->len - rest.len);
}
