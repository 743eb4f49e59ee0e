#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "runner.h"

enum {
	TURNS = 16,   /* messages that wait for room */
	LATER_S = 60, /* when something here is wrong for now */
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
		.size = old.size,
		.skipped = INT64_MAX,
		.message.fd = -1 };
	r->in_hand++;
	return w;
}

void
work_release(struct runner *r, struct work *w)
{
	if (w->message.fd >= 0)
		close(w->message.fd);
	for (size_t i = 0; i < w->sorted; i++)
		if (w->slots[i].dest != NULL)
			dest_drop(&r->dests, w->slots[i].dest);
	r->in_hand--;
	if (w->remote)
		r->remote--;
	if (w->size <= 64) {
		list_push(&r->spare, w);
		return;
	}
	envelope_free(&w->envelope);
	free(w->results);
	free(w->slots);
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
	w->slots = mem_resize(w->slots, w->size, sizeof *w->slots);
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
	entry_wait(r, w->entry, clock_wall_s() + LATER_S);
	work_release(r, w);
}

static void
work_forget(
    struct runner *r, struct work *w, enum spool_found found, const char *why)
{
	if (found == SPOOL_BROKEN)
		spool_reject(&r->spool, w->entry->id, why);
	entry_forget(r, w->entry);
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

/* The next recipient for a worker of this host; envelope.count if none. */
static size_t
next_index(struct work *w)
{
	size_t i = w->cursor;

	while (i < w->envelope.count &&
	    (w->slots[i].state != SLOT_TO_SEND || w->slots[i].dest != NULL))
		i++;
	w->cursor = i;
	return i;
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
		job.index = next_index(w);
		if (job.index == w->envelope.count)
			return false;
	}
	c = pool_choose(p);
	if (c == NULL)
		return false;
	if (name == REPORT)
		job_write_report(r, w, pool_number(p));
	else
		job_write(&r->record, w, pool_number(p), job.index);
	if (pool_send(p, c, str_span(&r->record),
		name == REPORT ? -1 : w->message.fd, &job, 1) < 0) {
		if (errno != EAGAIN)
			answer_lost(r, p, c);
		return false;
	}
	if (name == REPORT) {
		w->report_sent = true;
	} else {
		w->slots[job.index].state = SLOT_SENT;
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
		sent = job_send(r, w, LOCAL) || job_send(r, w, REPORT);
		idle = sent ? 0 : idle + 1;
		if (w->to_send > 0 ||
		    (w->report != REPORT_NONE && !w->report_sent))
			work_send_later(r, w);
	}
}

static void
databases_refresh(struct runner *r)
{
	bool routes = routes_refresh(r->routes);
	bool policy = tls_policy_refresh(r->policy);

	users_refresh(&r->users);
	if (routes || policy)
		entries_forget_dests(r);
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
			databases_refresh(r);
		if (entry_turn(r, e))
			work_begin(r, e);
	}
}

bool
work_room(const struct runner *r)
{
	return r->in_hand < r->in_hand_max && r->to_send.count < TURNS;
}

void
work_go_on(struct runner *r)
{
	jobs_send(r);
	works_begin(r);
	jobs_send(r);
	share_go(r);
}
