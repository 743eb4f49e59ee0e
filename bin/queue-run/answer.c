#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "os/sock.h"
#include "runner.h"

enum {
	DEATHS_MAX = 2, /* workers that one message may cost in one pass */
	ANSWER_MAX = 8192,
};

void
answer_take(struct runner *r, struct work *w, size_t index, int verdict,
    struct span status, struct span text)
{
	struct result *to = &w->results[index];

	*to = (struct result){ .at = clock_wall_s(),
		.index = index,
		.verdict = verdict,
		.status = envelope_keep(&w->envelope, status),
		.text = envelope_keep(&w->envelope, text),
		.attempts = to->attempts + 1 };
	w->slots[index] = SLOT_ANSWERED;
	if (--w->open == 0)
		work_settle(r, w);
}

/* What a status must begin with to fit the verdict. */
static struct span
status_otherwise(int verdict)
{
	if (verdict == DONE)
		return SPAN("2.0.0");
	return verdict == TEMP ? SPAN("4.0.0") : SPAN("5.0.0");
}

static void
record_take(
    struct runner *r, struct pool *p, struct connection *c, struct span record)
{
	struct str status = STR_INIT, text = STR_INIT;
	uint64_t n = 0, verdict = TEMP;
	struct span fit;
	struct job job;

	if (!record_is(record, "done") ||
	    !record_get_number(record, "n", UINT64_MAX, &n) ||
	    !pool_answered(p, c, n, &job))
		return;
	record_get_number(record, "verdict", 255, &verdict);
	record_get(record, "status", &status);
	record_get(record, "text", &text);
	fit = status_otherwise((int)verdict);
	if (status.at[0] != fit.at[0])
		str_set(&status, fit);
	if (job.index == SIZE_MAX)
		work_reported(r, job.work, verdict == DONE);
	else
		answer_take(r, job.work, job.index, (int)verdict,
		    str_span(&status), str_span(&text));
	str_free(&status);
	str_free(&text);
}

void
answer_read(struct runner *r, struct pool *p, struct connection *c)
{
	char packet[ANSWER_MAX];

	for (;;) {
		ssize_t n = recv(c->fd, packet, sizeof packet, MSG_DONTWAIT);
		struct span rest = { packet, n < 0 ? 0 : (size_t)n }, line;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			answer_lost(r, p, c);
			return;
		}
		while (span_line(&rest, &line))
			record_take(r, p, c, line);
		if (c->count == 0)
			return; /* most often: nothing more is to come */
	}
}

/* The first of these jobs that belongs to its message. */
static bool
is_first(const struct job *jobs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (jobs[k].work == jobs[i].work)
			return false;
	return true;
}

/* A worker ended. Its jobs are given out again, and told to look for what it
 * may have done; but not for ever. */
void
answer_lost(struct runner *r, struct pool *p, struct connection *c)
{
	struct job jobs[JOBS_MAX];
	size_t n = pool_end(p, c, jobs);
	struct logline l;

	log_start(&l, "lost");
	log_number(&l, "jobs", (int64_t)n);
	log_write(&l);
	if (p->path == NULL) { /* our own child: start over as a whole */
		r->exit = TEMP;
		r->closing = true;
	}
	for (size_t i = 0; i < n; i++) {
		struct work *w = jobs[i].work;
		size_t index = jobs[i].index;

		if (is_first(jobs, i))
			w->deaths++;
		if (index == SIZE_MAX) {
			work_reported(r, w, false);
		} else if (w->deaths > DEATHS_MAX) {
			answer_take(r, w, index, TEMP, SPAN("4.3.0"),
			    SPAN("the delivery program ended unexpectedly"));
		} else {
			w->slots[index] = SLOT_TO_SEND;
			w->to_send++;
			if (index < w->cursor[w->pools[index]])
				w->cursor[w->pools[index]] = index;
			work_send_later(r, w);
		}
	}
}
