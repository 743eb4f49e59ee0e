#include "scheduler.h"

#include <errno.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/log.h"
#include "dispatcher.h"
#include "entry.h"
#include "finish.h"
#include "outcome.h"
#include "recover.h"
#include "retry.h"
#include "verp.h"

enum {
	TURNS = 16,     /* messages that wait for room */
	LATER_S = 60,   /* after a local temporary fault */
	LOCKED_S = 1,   /* while a worker of an earlier process has it */
	DEPTH_MAX = 10, /* expansions behind each other: RFC 3463's loop */
};

/* --- recipients */

/* Recipients of a destination that backs off are neither tried nor noted. */
static void
recipient_sort_remote(struct runner *r, struct message *m, size_t i)
{
	struct destination *d = m->attempts[i].destination;
	int64_t now = clock_wall_s();

	if (m->entry->wakes && destination_backs_off(d, now))
		destination_wake(&r->destinations, d);
	if (destination_backs_off(d, now)) {
		attempt_skip(m, i, d->backoff);
		return;
	}
	m->attempts[i].state = ATTEMPT_TO_SEND;
	dispatcher_add(r, m, i);
}

/* Tried before, and not due again yet: others of the message are. */
static bool
is_early(const struct message *m, size_t i)
{
	const struct result *res = &m->state.results[i];
	int64_t now = clock_wall_s();

	return res->attempts > 0 && !m->entry->forced &&
	    retry_sane(m->birth, now, res->next) > now;
}

/* Where it goes; false: it has its answer. */
static bool
recipient_route(struct runner *r, struct message *m, size_t i)
{
	struct attempt *at = &m->attempts[i];
	struct result answer;

	switch (router_find(&r->router, m, i, &at->destination, &answer)) {
	case ROUTE_LOCAL:
		return true;
	case ROUTE_REMOTE:
		if (pool_exists(&r->pools[REMOTE]))
			return true;
		absent_answer(r, m, i);
		return false;
	case ROUTE_NONE:
		break;
	}
	attempt_answer(m, i, &answer);
	return false;
}

/* Decide what to do for an unfinished recipient. */
static void
recipient_sort(struct runner *r, struct message *m, size_t i)
{
	struct attempt *at = &m->attempts[i];
	struct envelope *e = &m->envelope;

	if (m->state.wish == WISH_FAIL) {
		attempt_answer(m, i, &outcome_removed);
		return;
	}
	if (message_is_called_back(m)) {
		attempt_skip(m, i, INT64_MAX);
		return;
	}
	if (recipient_depth(m, i) > DEPTH_MAX) {
		attempt_answer(m, i, &outcome_loop);
		return;
	}
	if (e->verp.len > 0 &&
	    verp_sender(e->from, e->verp, e->recipients[i].address, &r->text))
		at->sender = envelope_keep(e, str_span(&r->text));
	if (!recipient_route(r, m, i))
		return;
	if (is_early(m, i)) {
		attempt_skip(m, i, m->state.results[i].next);
	} else if (at->destination == NULL) {
		at->state = ATTEMPT_TO_SEND;
		m->to_send++;
	} else {
		recipient_sort_remote(r, m, i);
	}
}

/* Sort unsorted recipients; open ones are already counted. */
static void
recipients_sort(struct runner *r, struct message *m)
{
	size_t first = m->sorted;

	for (size_t i = first; i < m->envelope.count; i++) {
		m->sorted = i + 1;
		if (!result_is_final(&m->state.results[i]) &&
		    m->attempts[i].state == ATTEMPT_SKIPPED)
			recipient_sort(r, m, i);
	}
	entry_note_destinations(r, m);
	dispatcher_join(r, m);
	if (m->to_send > 0)
		line_push(&r->line, m);
	/* Answers of our own, or nothing to be done in this pass. */
	message_step(&r->ready, m);
}

void
scheduler_places(struct runner *r)
{
	struct message *m;

	while ((m = message_pop(&r->unsorted)) != NULL)
		recipients_sort(r, m);
}

/* --- messages */

/* The message is unavailable now: log it and retry later. */
static void
message_put_off(struct runner *r, struct message *m, const char *what)
{
	struct logline l;

	log_start(&l, "later");
	log_text(&l, "id", m->entry->id);
	log_text(&l, "what", what);
	log_errno(&l);
	log_write(&l);
	entry_wait(r, m->entry, clock_wall_s() + LATER_S);
	finish_release(r, m);
}

static void
message_forget(struct runner *r, struct message *m, enum spool_found found,
    const char *why)
{
	if (found == SPOOL_BROKEN)
		spool_reject(&r->spool, m->entry->id, why);
	entry_forget(r, m->entry);
	finish_release(r, m);
}

/* A worker of an earlier process has it, or had it until now. */
static bool
message_is_locked(struct runner *r, struct message *m)
{
	struct entry *e = m->entry;
	struct logline l;

	if (flock(m->file.fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	if (!e->locked) {
		r->locked_ms = clock_mono_ms();
		log_start(&l, "locked");
		log_text(&l, "id", e->id);
		log_write(&l);
	}
	e->locked = true;
	e->again = true;
	entry_wait(r, e, clock_wall_s() + LOCKED_S);
	finish_release(r, m);
	return true;
}

/* Read the recipients' state; NULL, or what could not be read. */
static const char *
state_find(struct runner *r, struct message *m)
{
	struct entry *e = m->entry;

	if (e->again && notes_are_open(&r->notes) &&
	    recover_notes(r, e->id) < 0)
		return "read the notes";
	e->locked = false;
	m->noted = e->again || e->tries > 0;
	if (!m->noted)
		state_clear(&m->state, m->envelope.count);
	else if (state_read(&r->spool, e->id, &m->envelope, &m->state) < 0)
		return "read the state file";
	return NULL;
}

static void
message_begin(struct runner *r, struct entry *e)
{
	struct message *m = message_new(&r->hand, e);
	const char *why;
	enum spool_found found = spool_read(
	    &r->spool, e->id, &m->file, &m->envelope, &why);

	if (found == SPOOL_LATER) {
		message_put_off(r, m, "read the spool file");
		return;
	}
	if (found != SPOOL_WHOLE) {
		message_forget(r, m, found, why);
		return;
	}
	if (message_is_locked(r, m))
		return;
	why = state_find(r, m);
	if (why != NULL) {
		message_put_off(r, m, why);
		return;
	}
	message_grow(m);
	m->placed = m->envelope.count;
	for (size_t i = 0; i < m->envelope.count; i++) {
		bool final = result_is_final(&m->state.results[i]);

		m->attempts[i] = (struct attempt){
			.state = final ? ATTEMPT_FINAL : ATTEMPT_SKIPPED
		};
		m->open += final ? 0 : 1;
	}
	recipients_sort(r, m);
}

/* Handle a due entry: false when it keeps waiting, unopened. */
static bool
entry_turn(struct runner *r, struct entry *e)
{
	int64_t now = clock_wall_s();
	struct destination *d = e->destination;

	if (d == NULL)
		return true;
	if (e->wakes && destination_backs_off(d, now))
		destination_wake(&r->destinations, d);
	if (destination_backs_off(d, now)) {
		if (entry_is_late(r, e, now))
			return true;
		entry_wait(r, e, d->backoff);
		return false;
	}
	if (dispatcher_room(r, d))
		return true;
	entry_park(r, e, d);
	return false;
}

bool
scheduler_room(const struct runner *r)
{
	return r->hand.count < r->hand.max && r->line.count < TURNS;
}

/* Open a few more than the workers can take, so that a message with many
 * recipients shares its turns with later ones. */
void
scheduler_go(struct runner *r)
{
	struct entry *e;

	for (unsigned n = 0; n < TURNS && scheduler_room(r); n++) {
		e = queue_next(&r->queue, clock_wall_s());
		if (e == NULL)
			return;
		if (n == 0 && router_refresh(&r->router))
			entries_forget_destinations(r);
		if (entry_turn(r, e))
			message_begin(r, e);
	}
}

void
scheduler_parked(struct runner *r, struct destination *d)
{
	struct entry *e = d->parked.first;

	if (e == NULL)
		return;
	queue_take_out(&r->queue, e, PLACE_WORKING);
	message_begin(r, e);
}
