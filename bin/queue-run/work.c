#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "retry.h"
#include "runner.h"
#include "verp.h"

enum {
	TURNS = 16,   /* messages that wait for room */
	LATER_S = 60, /* when something here is wrong for now */
	RECIPIENTS_FIRST = 1,
	NO_HOST = 68, /* EX_NOHOST */
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

static struct span
domain_of(struct span address)
{
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return at == 0 ? SPAN("") : span_from(address, at);
}

/* A recipient for another host. What rests is not tried, nor noted. */
static void
recipient_sort_remote(struct runner *r, struct work *w, size_t i)
{
	struct slot *slot = &w->slots[i];
	int64_t now = clock_wall_s();

	if (w->entry->wakes && dest_rests(slot->dest, now))
		dest_wake(&r->dests, slot->dest);
	if (!dest_rests(slot->dest, now)) {
		slot->state = SLOT_TO_SEND;
		remote_add(r, w, i);
		return;
	}
	slot->state = SLOT_SKIPPED;
	w->open--;
	if (slot->dest->rest < w->skipped)
		w->skipped = slot->dest->rest;
}

/* Who serves the recipient: 1 a worker here, 0 one that sends; -1: it has its
 * answer. */
static int
recipient_find(struct runner *r, struct work *w, size_t i)
{
	struct span domain = domain_of(w->envelope.recipients[i].address);
	int ours = users_domain(&r->users, domain);

	if (ours < 0)
		answer_make(r, w, i, TEMP, SPAN("4.3.0"),
		    SPAN("the user database can't be read"));
	else if (ours == 0 && !pool_exists(&r->pools[REMOTE]))
		answer_make(r, w, i, TEMP, SPAN("4.4.4"),
		    SPAN("no program that sends to other hosts is running "
			 "here"));
	else if (ours == 0 && !remote_dest(r, w, i))
		answer_make(r, w, i, NO_HOST, SPAN("5.1.2"),
		    SPAN("the domain is not a valid name"));
	else
		return ours;
	return -1;
}

/* Tried before, and not due again yet: others of the message are. */
static bool
is_early(const struct work *w, size_t i)
{
	const struct result *res = &w->results[i];
	int64_t now = clock_wall_s();

	return res->attempts > 0 && !w->entry->forced &&
	    retry_sane(w->birth, now, res->next) > now;
}

/* What is to be done for a recipient that is not finished. */
static void
recipient_sort(struct runner *r, struct work *w, size_t i)
{
	struct slot *slot = &w->slots[i];
	int here;

	w->open++;
	if (w->envelope.verp.len > 0 &&
	    verp_sender(w->envelope.from, w->envelope.verp,
		w->envelope.recipients[i].address, &r->text))
		slot->sender = envelope_keep(&w->envelope, str_span(&r->text));
	here = recipient_find(r, w, i);
	if (slot->dest == NULL || (w->only != NULL && w->only != slot->dest))
		w->mixed = true;
	w->only = slot->dest;
	if (here < 0)
		return;
	if (is_early(w, i)) {
		slot->state = SLOT_SKIPPED;
		w->open--;
		if (w->results[i].next < w->skipped)
			w->skipped = w->results[i].next;
	} else if (here > 0) {
		slot->state = SLOT_TO_SEND;
		w->to_send++;
	} else {
		recipient_sort_remote(r, w, i);
	}
}

static void
recipients_sort(struct runner *r, struct work *w)
{
	/* One more than there are, until all are sorted, so that an answer at
	 * once doesn't settle the message. */
	w->open = 1;
	for (size_t i = 0; i < w->envelope.count; i++) {
		w->slots[i] = (struct slot){ .state = SLOT_FINAL };
		w->sorted = i + 1;
		if (w->results[i].attempts == 0 ||
		    w->results[i].verdict == TEMP)
			recipient_sort(r, w, i);
	}
	if (w->mixed)
		w->only = NULL;
	remote_join(r, w);
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

static void
add_if(struct str *record, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(record, key, value);
}

static void
add_from(struct str *out, const struct work *w, size_t i)
{
	struct span own = w->slots[i].sender;

	record_add(out, "from", own.len > 0 ? own : w->envelope.from);
}

static void
add_attempt(struct str *out, const struct work *w, size_t i)
{
	record_add_number(out, "attempt",
	    1 + w->results[i].attempts + w->entry->again + w->deaths);
	record_add_number(out, "index", (int64_t)i);
}

static void
add_dsn(struct str *out, const struct work *w, size_t i)
{
	const struct recipient *to = &w->envelope.recipients[i];

	add_if(out, "notify", to->notify);
	add_if(out, "orcpt", to->orcpt);
}

static void
add_options(struct str *out, const struct envelope *e)
{
	add_if(out, "ret", e->ret);
	add_if(out, "envid", e->envid);
	add_if(out, "body", e->body);
	if (e->smtputf8)
		record_add_number(out, "smtputf8", 1);
	if (e->requiretls)
		record_add_number(out, "requiretls", 1);
}

void
job_write_sender(struct str *out, const struct work *w, size_t i)
{
	record_verb(out, "job");
	record_add_text(out, "id", w->entry->id);
	add_from(out, w, i);
	record_add_number(out, "birth", w->birth);
	add_options(out, &w->envelope);
}

void
job_write_recipient(struct str *out, const struct work *w, uint64_t n, size_t i)
{
	record_add(out, "to", w->envelope.recipients[i].address);
	record_add_number(out, "n", (int64_t)n);
	add_attempt(out, w, i);
	add_dsn(out, w, i);
}

static void
job_write(struct str *out, const struct work *w, uint64_t n, size_t i)
{
	str_clear(out);
	record_verb(out, "job");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", w->entry->id);
	record_add(out, "to", w->envelope.recipients[i].address);
	add_from(out, w, i);
	record_add_number(out, "birth", w->birth);
	add_attempt(out, w, i);
	add_dsn(out, w, i);
	add_options(out, &w->envelope);
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
	record_add_text(out, "kind", report_name(w->report));
	if (w->envelope.from.len > 0) {
		record_add(out, "to", w->envelope.from);
		return;
	}
	/* A report that can't be delivered: see judge.c. */
	str_setf(&r->text, "postmaster@%s", r->users.me.at);
	record_add(out, "to", str_span(&r->text));
	record_add_number(out, "double", 1);
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
		report_write(r, w, pool_number(p));
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
	users_refresh(&r->users);
	if (routes_refresh(r->routes))
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
	remote_go(r);
}
