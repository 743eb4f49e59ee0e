#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "os/sock.h"
#include "reply.h"
#include "runner.h"

enum {
	DEATHS_MAX = 2, /* workers that one message may cost in one pass */
	BUSY_MAX = 3,   /* times a recipient is tried again at once */
};

void
answer_take(
    struct runner *r, struct work *w, size_t index, const struct result *result)
{
	struct result *to = &w->results[index], old = *to;

	*to = *result;
	to->at = clock_wall_s();
	to->index = index;
	to->attempts = old.attempts + 1;
	to->warn = old.warn;
	to->warned = old.warned;
	to->status = envelope_keep(&w->envelope, result->status);
	to->text = envelope_keep(&w->envelope, result->text);
	to->host = envelope_keep(&w->envelope, result->host);
	w->slots[index].state = SLOT_ANSWERED;
	if (--w->open == 0)
		work_settle(r, w);
}

void
answer_make(struct runner *r, struct work *w, size_t index, int verdict,
    struct span status, struct span text)
{
	answer_take(r, w, index,
	    &(struct result){
		.verdict = verdict, .status = status, .text = text });
}

static void
dest_log(const struct dest *d, bool rests)
{
	struct logline l;

	log_start(&l, rests ? "rest" : "awake");
	log_text(&l, "dest", d->key);
	if (rests) {
		log_number(&l, "next", d->rest);
		log_text(&l, "text", d->text == NULL ? "" : d->text);
	}
	log_write(&l);
}

/* What it means for the destination; true: the recipient is tried again at
 * once, over fewer connections. */
static bool
dest_judge(
    struct runner *r, struct job *job, const struct answer *a, struct dest *d)
{
	struct slot *slot = &job->work->slots[job->index];
	uint32_t random = 0;

	if (!a->down && !a->busy) {
		if (dest_answered(&r->dests, d))
			dest_log(d, false);
		return false;
	}
	if (a->busy && !a->down && dest_shrink(d, job->n, r->number))
		return ++slot->busy <= BUSY_MAX;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = 0;
	if (dest_fail(&r->dests, d, clock_wall_s(), random, &a->result))
		dest_log(d, true);
	slot->down = true;
	return false;
}

static void
remote_take(struct runner *r, struct connection *c, struct job *job,
    const struct answer *a)
{
	struct work *w = job->work;
	struct dest *d = job->part->dest;
	bool again;

	dest_keep(d);
	remote_answered(r, c, job->part);
	again = dest_judge(r, job, a, d);
	if (again) {
		remote_again(r, w, job->index);
	} else {
		w->slots[job->index].via = envelope_keep(
		    &w->envelope, str_span(&a->via));
		answer_take(r, w, job->index, &a->result);
	}
	if (dest_rests(d, clock_wall_s()))
		remote_rest(r, d);
	dest_drop(&r->dests, d);
}

static void
record_take(
    struct runner *r, struct pool *p, struct connection *c, struct span record)
{
	struct answer *a = &r->answer;
	struct job job;

	if (record_is(record, "session")) {
		history_session(&r->history, record);
		return;
	}
	if (!answer_parse(record, a) || !pool_answered(p, c, a->n, &job))
		return;
	if (job.index == SIZE_MAX)
		work_reported(r, job.work, a->result.verdict == DONE);
	else if (job.part != NULL)
		remote_take(r, c, &job, a);
	else
		answer_take(r, job.work, job.index, &a->result);
}

void
answer_read(struct runner *r, struct pool *p, struct connection *c)
{
	char *packet = str_reserve(&r->packet, PACKET_MAX);

	for (;;) {
		ssize_t n = recv(c->fd, packet, PACKET_MAX, MSG_DONTWAIT);
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

/* A recipient whose worker ended: another is told to look for what that one may
 * have done; but not for ever. */
static void
job_lost(struct runner *r, const struct job *job)
{
	struct work *w = job->work;
	size_t index = job->index;
	struct part *part = job->part;

	if (part != NULL && --part->open == 0)
		part->dest->sent--;
	if (index == SIZE_MAX) {
		work_reported(r, w, false);
	} else if (w->deaths > DEATHS_MAX) {
		answer_make(r, w, index, TEMP, SPAN("4.3.0"),
		    part == NULL
			? SPAN("the delivery program ended unexpectedly")
			: SPAN("the sending program ended unexpectedly"));
	} else if (part != NULL) {
		remote_again(r, w, index);
	} else {
		w->slots[index].state = SLOT_TO_SEND;
		w->to_send++;
		if (index < w->cursor)
			w->cursor = index;
		work_send_later(r, w);
	}
}

void
answer_lost(struct runner *r, struct pool *p, struct connection *c)
{
	struct job *jobs;
	struct logline l;
	size_t n;

	share_lost(r, c);
	n = pool_end(p, c, &jobs);
	/* A worker that sends may end when it has nothing to do. */
	if (n > 0 || p != &r->pools[REMOTE]) {
		log_start(&l, "lost");
		log_number(&l, "jobs", (int64_t)n);
		log_write(&l);
	}
	/* Our own child: start over as a whole; local mail can do without one
	 * that has nothing to send. */
	if (p->path == NULL && (n > 0 || p != &r->pools[REMOTE])) {
		r->exit = TEMP;
		r->closing = true;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_first(jobs, i))
			jobs[i].work->deaths++;
		job_lost(r, &jobs[i]);
	}
	free(jobs);
}
