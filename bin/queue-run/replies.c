#include "replies.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "entry.h"
#include "expand.h"

enum {
	DEATHS_MAX = 2, /* workers that one recipient may cost in one pass */
	BUSY_MAX = 3,   /* times a recipient is tried again at once */
};

/* --- destinations */

static void
destination_log(const struct destination *d, bool backs_off)
{
	struct logline l;

	log_start(&l, backs_off ? "back-off" : "answers");
	log_text(&l, "dest", d->key);
	if (backs_off) {
		log_time(&l, "next", d->backoff);
		log_text(&l, "text", d->text == NULL ? "" : d->text);
	}
	log_write(&l);
}

/* The destination backs off: so do all its messages. */
static void
destination_empty(struct runner *r, struct destination *d)
{
	struct transaction *t;
	struct entry *e;

	destination_keep(d);
	while ((e = d->parked.first) != NULL) {
		if (!e->many) {
			entry_wait(r, e, d->backoff);
			continue;
		}
		queue_renew(&r->queue, e);
		entry_set_destination(r, e, NULL);
	}
	while ((t = transaction_pop(&d->transactions)) != NULL) {
		struct message *m = t->message;

		do
			transaction_skip(t, d->backoff);
		while ((t = transaction_reserve(m, d)) != NULL);
		message_step(&r->ready, m);
	}
	destination_drop(&r->destinations, d);
}

/* Apply a reply to the destination; true: retry the recipient at once, over
 * fewer connections. */
static bool
destination_judge(struct runner *r, const struct job *job,
    const struct reply *a, struct destination *d)
{
	struct attempt *at = &job->message->attempts[job->index];
	uint32_t random = 0;

	if (!a->down && !a->busy) {
		if (destination_answered(&r->destinations, d))
			destination_log(d, false);
		return false;
	}
	if (a->busy && !a->down && destination_shrink(d, job->n, r->number))
		return ++at->busy <= BUSY_MAX;
	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = 0;
	if (destination_fail(
		&r->destinations, d, clock_wall_s(), random, &a->result))
		destination_log(d, true);
	at->down = true;
	return false;
}

/* Put a recipient back into its destination's line. */
static void
recipient_again(struct runner *r, struct message *m, size_t i)
{
	struct destination *d = m->attempts[i].destination;
	struct transaction *t = d->transactions.last;

	m->attempts[i].state = ATTEMPT_TO_SEND;
	if (!transaction_has_room(t, m, i))
		t = transaction_new(m, d, &d->transactions);
	transaction_add(t, m, i);
	destination_list(&r->destinations, d);
}

/* --- replies */

static const struct result not_whole = { .verdict = TEMP,
	.status = SPAN_INIT("4.3.5"),
	.text = SPAN_INIT("the delivery program's places are not as many as "
			  "it said"),
	.host = SPAN_INIT("") };
static const struct result no_database = { .verdict = TEMP,
	.status = SPAN_INIT("4.3.0"),
	.text = SPAN_INIT("the user database can't be read"),
	.host = SPAN_INIT("") };

/* `send` has found out, by asking the kernel, what neither deliver nor we can
 * see: the address literal is this machine's (RFC 5321 4.1.3). So it stands for
 * one place, in the domain that answers for it. */
static void
self_take(struct runner *r, const struct job *job, struct reply *a)
{
	struct message *m = job->message;
	size_t i = job->index;
	struct span to = router_self(&r->router, m, i);

	if (to.len == 0) {
		a->result = no_database;
		return;
	}
	a->place = (struct recipient){ .kind = RECIPIENT_ADDRESS,
		.address = to };
	a->result = (struct result){ .verdict = DONE,
		.status = SPAN("2.0.0"),
		.text = SPAN(""),
		.host = SPAN("") };
	expand_place(m, i, a);
	if (expand_complete(m, i, 1)) {
		a->result.action = ACTION_EXPANDED;
		a->result.places = 1;
	} else {
		a->result = not_whole;
	}
}

static void
local_again(struct runner *r, struct message *m, size_t i)
{
	m->attempts[i].state = ATTEMPT_TO_SEND;
	m->to_send++;
	if (i < m->cursor)
		m->cursor = i;
	line_push(&r->line, m);
}

/* One recipient of a transaction is answered. */
static void
transaction_answered(
    struct runner *r, struct connection *c, struct transaction *t)
{
	struct destination *d = t->destination;

	if (--t->open == 0) {
		d->sent--;
		c->transactions--;
	}
	if (c->count == 0)
		destination_busy(&r->destinations, d, false);
}

static void
remote_take(struct runner *r, struct connection *c, const struct job *job,
    struct reply *a)
{
	struct message *m = job->message;
	struct destination *d = job->transaction->destination;

	destination_keep(d);
	if (a->result.action == ACTION_EXPANDED) /* other hosts never report
						  * places */
		a->result.action = ACTION_DELIVERED;
	if (a->self)
		self_take(r, job, a);
	transaction_answered(r, c, job->transaction);
	if (destination_judge(r, job, a, d)) {
		recipient_again(r, m, job->index);
	} else {
		m->attempts[job->index].via = envelope_keep(
		    &m->envelope, str_span(&a->via));
		attempt_answer(m, job->index, &a->result);
		message_step(&r->ready, m);
	}
	destination_list(&r->destinations, d);
	if (destination_backs_off(d, clock_wall_s()))
		destination_empty(r, d);
	destination_drop(&r->destinations, d);
}

/* An expanded address; missing places count as a worker's failure. */
static void
local_take(struct runner *r, const struct job *job, struct reply *a)
{
	struct message *m = job->message;
	struct result *res = &a->result;

	if (res->action != ACTION_EXPANDED) {
		expand_forget(m, job->index);
	} else if (!expand_complete(m, job->index, res->places)) {
		*res = not_whole;
	}
	attempt_answer(m, job->index, res);
	message_step(&r->ready, m);
}

static void
done_take(
    struct runner *r, struct pool *p, struct connection *c, struct reply *a)
{
	struct job job;

	if (!pool_answered(p, c, a->n, &job))
		return;
	if (job.index == SIZE_MAX) {
		job.message->asked = true;
		job.message->made = a->result.verdict == DONE;
		message_step(&r->ready, job.message);
	} else if (job.transaction != NULL) {
		remote_take(r, c, &job, a);
	} else {
		local_take(r, &job, a);
	}
}

/* Its worker was told to end before it began with the job, so another one gets
 * it. */
static void
back_take(struct runner *r, struct pool *p, struct connection *c,
    const struct reply *a)
{
	struct destination *d;
	struct job job;

	if (!pool_answered(p, c, a->n, &job))
		return;
	pool_leave(p, c);
	if (job.index == SIZE_MAX) {
		message_push(&r->reports, job.message);
		return;
	}
	if (job.transaction == NULL) {
		local_again(r, job.message, job.index);
		return;
	}
	d = job.transaction->destination;
	destination_keep(d);
	transaction_answered(r, c, job.transaction);
	recipient_again(r, job.message, job.index);
	destination_drop(&r->destinations, d);
}

static void
place_take(struct connection *c, const struct reply *a)
{
	const struct job *job = pool_job(c, a->n);

	if (job != NULL && job->transaction == NULL && job->index != SIZE_MAX)
		expand_place(job->message, job->index, a);
}

static void
record_take(
    struct runner *r, struct pool *p, struct connection *c, struct span record)
{
	switch (reply_parse(record, &r->reply)) {
	case REPLY_SESSION:
		history_session(&r->history, record);
		return;
	case REPLY_PLACE:
		place_take(c, &r->reply);
		return;
	case REPLY_DONE:
		done_take(r, p, c, &r->reply);
		return;
	case REPLY_BACK:
		back_take(r, p, c, &r->reply);
		return;
	case REPLY_NONE:
		return;
	}
}

/* Process the answers; false: the connection has ended. */
static bool
answers_take(struct runner *r, struct pool *p, struct connection *c)
{
	struct span rest, line;
	int n;

	while ((n = connection_receive(c, &r->packet)) > 0) {
		rest = str_span(&r->packet);
		while (span_line(&rest, &line))
			record_take(r, p, c, line);
		if (c->count == 0)
			return true; /* most often: nothing more is to come */
	}
	return n == 0;
}

void
replies_read(struct runner *r, struct pool *p, struct connection *c)
{
	if (!answers_take(r, p, c))
		replies_lost(r, p, c);
}

/* --- workers that are gone */

/* The first of these jobs that belongs to its message. */
static bool
is_first(const struct job *jobs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (jobs[k].message == jobs[i].message)
			return false;
	return true;
}

/* The worker may have ended because of this job. One that sends takes a
 * transaction after the other; those of this host take all that wait. */
static bool
is_suspect(const struct job *jobs, size_t i)
{
	return jobs[i].index != SIZE_MAX &&
	    jobs[i].transaction == jobs[0].transaction;
}

static void
transaction_lost(struct runner *r, struct transaction *t)
{
	if (--t->open > 0)
		return;
	t->destination->sent--;
	/* Its other mail goes on. */
	destination_list(&r->destinations, t->destination);
}

/* A recipient whose worker ended: use the result if it was noted. Otherwise
 * another worker tries again, looking for an earlier delivery, a limited number
 * of times. */
static void
job_lost(struct runner *r, const struct job *job)
{
	struct message *m = job->message;
	struct result noted;
	size_t i = job->index;

	if (i == SIZE_MAX) {
		m->asked = true;
		m->made = false;
		message_step(&r->ready, m);
		return;
	}
	expand_forget(m, i);
	if (notes_find(&r->notes, m->entry->id, i, &m->envelope.text, &noted)) {
		attempt_answer(m, i, &noted);
		message_step(&r->ready, m);
	} else if (m->attempts[i].deaths > DEATHS_MAX) {
		attempt_make(m, i, TEMP, SPAN("4.3.0"),
		    job->transaction == NULL
			? SPAN("the delivery program ended unexpectedly")
			: SPAN("the sending program ended unexpectedly"));
		message_step(&r->ready, m);
	} else if (job->transaction != NULL) {
		recipient_again(r, m, i);
	} else {
		local_again(r, m, i);
	}
	if (job->transaction != NULL)
		transaction_lost(r, job->transaction);
}

void
connection_leave(struct runner *r, struct connection *c)
{
	struct destination *d = c->destination;

	if (d == NULL)
		return;
	c->destination = NULL;
	if (c->count > 0)
		destination_busy(&r->destinations, d, false);
	destination_list(&r->destinations, d);
	destination_drop(&r->destinations, d);
}

void
replies_lost(struct runner *r, struct pool *p, struct connection *c)
{
	struct job *jobs;
	struct logline l;
	bool may_end;
	size_t n;

	/* Read answers sent before it ended. */
	answers_take(r, p, c);
	connection_leave(r, c);
	n = pool_end(p, c, &jobs);
	/* Idle, a sending worker may end, and any whose service is restarted. */
	may_end = n == 0 && (p->path != NULL || p == &r->pools[REMOTE]);
	if (!may_end) {
		log_start(&l, "lost");
		log_number(&l, "jobs", (int64_t)n);
		log_write(&l);
	}
	/* Our own child: restart as a whole. */
	if (p->path == NULL && !may_end) {
		r->exit = TEMP;
		if (!r->closing)
			runner_close(r, CLOSING_MS);
	}
	if (n > 0)
		notes_load(&r->notes);
	for (size_t i = 0; i < n; i++) {
		if (is_first(jobs, i))
			jobs[i].message->deaths++;
		if (is_suspect(jobs, i))
			jobs[i].message->attempts[jobs[i].index].deaths++;
	}
	for (size_t i = 0; i < n; i++)
		job_lost(r, &jobs[i]);
	free(jobs);
}
