#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "runner.h"

enum {
	IN_HAND_MAX = 128, /* messages */
	TURNS = 16,        /* messages that wait for room */
	LATER_S = 60,      /* when something here is wrong for now */
	RECIPIENTS_FIRST = 1,
};

void
list_push(struct work_list *l, struct work *w)
{
	w->after = NULL;
	*(l->last == NULL ? &l->first : &l->last->after) = w;
	l->last = w;
	l->count++;
}

struct work *
list_pop(struct work_list *l)
{
	struct work *w = l->first;

	if (w == NULL)
		return NULL;
	l->first = w->after;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	return w;
}

static struct work *
work_new(struct runner *r)
{
	struct work *w = list_pop(&r->spare), old;

	if (w == NULL) {
		w = mem_new(sizeof *w);
		envelope_init(&w->envelope);
	}
	old = *w;
	*w = (struct work){ .envelope = old.envelope,
		.results = old.results,
		.slots = old.slots,
		.pools = old.pools,
		.size = old.size,
		.message.fd = -1 };
	r->in_hand++;
	return w;
}

void
work_release(struct runner *r, struct work *w)
{
	if (w->message.fd >= 0)
		close(w->message.fd);
	r->in_hand--;
	if (w->size <= 64) {
		list_push(&r->spare, w);
		return;
	}
	envelope_free(&w->envelope);
	free(w->results);
	free(w->slots);
	free(w->pools);
	free(w);
}

void
work_send_later(struct runner *r, struct work *w)
{
	if (!w->waits)
		list_push(&r->to_send, w);
	w->waits = true;
}

static void
work_size(struct work *w)
{
	size_t n = w->envelope.count;

	if (n <= w->size)
		return;
	w->size = n < RECIPIENTS_FIRST ? RECIPIENTS_FIRST : n;
	w->results = mem_resize(w->results, w->size, sizeof *w->results);
	w->slots = mem_resize(w->slots, w->size, 1);
	w->pools = mem_resize(w->pools, w->size, 1);
}

/* Which kind of worker a recipient needs, or an answer at once. */
static void
recipient_sort(struct runner *r, struct work *w, size_t i)
{
	struct span address = w->envelope.recipients[i].address, domain;
	size_t at = address.len;
	int ours;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	domain = at == 0 ? SPAN("") : span_from(address, at);
	ours = users_domain(&r->users, domain);
	w->pools[i] = ours == 0 ? REMOTE : LOCAL;
	w->slots[i] = SLOT_TO_SEND;
	w->open++;
	if (ours < 0)
		answer_take(r, w, i, TEMP, SPAN("4.3.0"),
		    SPAN("the user database can't be read"));
	else if (ours == 0 && !pool_exists(&r->pools[REMOTE]))
		answer_take(r, w, i, TEMP, SPAN("4.4.4"),
		    SPAN("no program that sends to other hosts is running "
			 "here"));
	else
		w->to_send++;
}

static void
recipients_sort(struct runner *r, struct work *w)
{
	/* One more than there are, until all are sorted, so that an answer at
	 * once doesn't settle the message. */
	w->open = 1;
	for (size_t i = 0; i < w->envelope.count; i++) {
		w->slots[i] = SLOT_FINAL;
		if (w->results[i].attempts == 0 ||
		    w->results[i].verdict == TEMP)
			recipient_sort(r, w, i);
	}
	if (--w->open == 0)
		work_settle(r, w);
	else if (w->to_send > 0)
		work_send_later(r, w);
}

/* The file can't be had now: say so and try again later. */
static void
work_put_off(struct runner *r, struct work *w, const char *what)
{
	struct logline l;

	log_start(&l, "later");
	log_text(&l, "id", w->entry->id);
	log_text(&l, "what", what);
	log_errno(&l);
	log_write(&l);
	queue_wait(&r->queue, w->entry, clock_wall_s() + LATER_S);
	work_release(r, w);
}

static void
work_forget(
    struct runner *r, struct work *w, enum spool_found found, const char *why)
{
	if (found == SPOOL_BROKEN)
		spool_reject(&r->spool, w->entry->id, why);
	queue_remove(&r->queue, w->entry);
	work_release(r, w);
}

void
work_begin(struct runner *r, struct entry *e)
{
	struct work *w = work_new(r);
	const char *why;
	enum spool_found found;

	w->entry = e;
	w->birth = id_birth_ms((struct span){ e->id, ID_LEN }) / 1000;
	found = spool_read(&r->spool, e->id, &w->message, &w->envelope, &why);
	if (found == SPOOL_LATER)
		return work_put_off(r, w, "read the spool file");
	if (found != SPOOL_WHOLE)
		return work_forget(r, w, found, why);
	work_size(w);
	w->noted = e->again || e->tries > 0;
	if (!w->noted)
		state_parse(SPAN(""), NULL, w->results, w->envelope.count);
	else if (state_read(&r->spool, e->id, &w->envelope.text, w->results,
		     w->envelope.count) < 0)
		return work_put_off(r, w, "read the state file");
	recipients_sort(r, w);
}

/* The next recipient for this kind of worker; envelope.count if none. */
static size_t
next_index(struct work *w, enum pool_name pool)
{
	size_t i = w->cursor[pool];

	while (i < w->envelope.count &&
	    (w->slots[i] != SLOT_TO_SEND || w->pools[i] != pool))
		i++;
	w->cursor[pool] = i;
	return i;
}

static void
add_if(struct str *record, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(record, key, value);
}

static void
job_write(struct runner *r, const struct work *w, uint64_t n, size_t i)
{
	const struct envelope *e = &w->envelope;
	const struct recipient *to = &e->recipients[i];
	struct str *out = &r->record;

	str_clear(out);
	record_verb(out, "job");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", w->entry->id);
	record_add(out, "to", to->address);
	record_add(out, "from", e->from);
	record_add_number(out, "birth", w->birth);
	record_add_number(out, "attempt",
	    1 + w->results[i].attempts + w->entry->again + w->deaths);
	record_add_number(out, "index", (int64_t)i);
	add_if(out, "notify", to->notify);
	add_if(out, "orcpt", to->orcpt);
	add_if(out, "ret", e->ret);
	add_if(out, "envid", e->envid);
	add_if(out, "body", e->body);
	if (e->smtputf8)
		record_add_number(out, "smtputf8", 1);
}

static void
report_write(struct runner *r, const struct work *w, uint64_t n)
{
	struct str *out = &r->record;

	str_clear(out);
	record_verb(out, "report");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", w->entry->id);
	record_add_text(out, "as", w->held->id);
	record_add(out, "to", w->envelope.from);
	record_add_text(
	    out, "kind", w->report == REPORT_FAILED ? "failed" : "delivered");
}

/* Send one job of this message to a worker of this kind, if it has one and
 * there is room. */
static bool
job_send(struct runner *r, struct work *w, enum pool_name name)
{
	struct pool *p = &r->pools[name];
	struct job job = { .work = w, .index = SIZE_MAX };
	struct connection *c;

	if (name == REPORT && (w->report == REPORT_NONE || w->report_sent))
		return false;
	if (name != REPORT) {
		job.index = next_index(w, name);
		if (job.index == w->envelope.count)
			return false;
	}
	c = pool_choose(p);
	if (c == NULL)
		return false;
	if (name == REPORT)
		report_write(r, w, pool_number(p));
	else
		job_write(r, w, pool_number(p), job.index);
	if (pool_send(p, c, str_span(&r->record),
		name == REPORT ? -1 : w->message.fd, job) < 0) {
		if (errno != EAGAIN)
			answer_lost(r, p, c);
		return false;
	}
	if (name == REPORT) {
		w->report_sent = true;
	} else {
		w->slots[job.index] = SLOT_SENT;
		w->to_send--;
	}
	return true;
}

/* One job each of every message that waits, until no worker has room. */
static void
jobs_send(struct runner *r)
{
	size_t idle = 0;

	while (idle < r->to_send.count) {
		struct work *w = list_pop(&r->to_send);
		bool sent = false;

		w->waits = false;
		for (enum pool_name p = LOCAL; p < POOLS && !sent; p++)
			sent = job_send(r, w, p);
		idle = sent ? 0 : idle + 1;
		if (w->to_send > 0 ||
		    (w->report != REPORT_NONE && !w->report_sent))
			work_send_later(r, w);
	}
}

/* Messages for other hosts whose workers are all busy go back to the queue, so
 * that slow hosts never hold up local mail. */
static void
jobs_step_back(struct runner *r)
{
	for (size_t n = r->to_send.count; n > 0; n--) {
		struct work *w = list_pop(&r->to_send);
		bool back = w->report == REPORT_NONE && w->to_send == w->open &&
		    next_index(w, LOCAL) == w->envelope.count;

		for (size_t i = 0; back && i < w->envelope.count; i++)
			back = w->slots[i] != SLOT_ANSWERED;
		if (!back) {
			list_push(&r->to_send, w);
			continue;
		}
		queue_wait(&r->queue, w->entry, clock_wall_s() + 5);
		work_release(r, w);
	}
}

/* Take messages in hand: a few more than the workers can take, so that one with
 * many recipients shares its turns with those that come after it. */
static void
works_begin(struct runner *r)
{
	struct entry *e;

	for (unsigned n = 0; n < TURNS && work_room(r); n++) {
		e = queue_next(&r->queue, clock_wall_s());
		if (e == NULL)
			return;
		if (n == 0)
			users_refresh(&r->users);
		work_begin(r, e);
	}
}

bool
work_room(const struct runner *r)
{
	return r->in_hand < IN_HAND_MAX && r->to_send.count < TURNS;
}

void
work_go_on(struct runner *r)
{
	jobs_send(r);
	works_begin(r);
	jobs_send(r);
	if (!work_room(r))
		jobs_step_back(r);
}
