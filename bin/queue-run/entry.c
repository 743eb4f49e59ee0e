#include "entry.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "outcome.h"
#include "spool/hold.h"

enum {
	WISH_AGAIN_S = 60,
	DESTINATIONS_TOLD = 8, /* of a message that goes to many */
};

void
entry_set_destination(struct runner *r, struct entry *e, struct destination *d)
{
	struct destination *old = e->destination;

	if (d != NULL)
		destination_keep(d);
	e->destination = d;
	if (old != NULL)
		destination_drop(&r->destinations, old);
}

static void
several_drop(struct runner *r, struct entry *e)
{
	for (size_t i = 0; e->several != NULL && e->several[i] != NULL; i++)
		destination_drop(&r->destinations, e->several[i]);
	free(e->several);
	e->several = NULL;
}

/* The destinations of what is left, DESTINATIONS_TOLD at most. only_r: it is one for
 * all of it. */
static size_t
destinations_left(const struct message *m,
    struct destination *all[DESTINATIONS_TOLD], bool *only_r)
{
	size_t count = 0, k;

	*only_r = true;
	for (size_t i = 0; i < m->envelope.count; i++) {
		struct destination *d = m->attempts[i].destination;

		if (result_is_final(&m->state.results[i]))
			continue;
		if (d == NULL || (count > 0 && d != all[0]))
			*only_r = false;
		for (k = 0; k < count && all[k] != d; k++)
			continue;
		if (d != NULL && k == count && count < DESTINATIONS_TOLD)
			all[count++] = d;
	}
	*only_r = *only_r && count == 1;
	return count;
}

void
entry_note_destinations(struct runner *r, struct message *m)
{
	struct destination *all[DESTINATIONS_TOLD];
	struct entry *e = m->entry;
	bool only;
	size_t count = destinations_left(m, all, &only);

	/* The attempts keep them all meanwhile. */
	several_drop(r, e);
	entry_set_destination(r, e, only ? all[0] : NULL);
	if (only || count == 0)
		return;
	e->several = mem_new((count + 1) * sizeof *all);
	for (size_t i = 0; i < count; i++) {
		destination_keep(all[i]);
		e->several[i] = all[i];
	}
}

void
entry_forget(struct runner *r, struct entry *e)
{
	several_drop(r, e);
	entry_set_destination(r, e, NULL);
	queue_remove(&r->queue, e);
}

/* Log the unfinished recipients of a removed message. */
static void
removal_tell(struct runner *r, const char *id)
{
	struct spool held = r->spool, *where = &r->spool;
	struct spool_message m;
	struct envelope e;
	struct state st;

	held.new = held.hold;
	if (faccessat(r->spool.new, id, F_OK, 0) < 0)
		where = &held;
	envelope_init(&e);
	state_init(&st);
	if (spool_read(where, id, &m, &e, NULL) == SPOOL_WHOLE) {
		close(m.fd);
		if (state_read(&r->spool, id, &e, &st) < 0)
			state_clear(&st, 0);
		for (size_t i = 0; i < st.count; i++) {
			struct result removed = outcome_removed;

			if (result_is_final(&st.results[i]))
				continue;
			removed.index = i;
			removed.at = clock_wall_s();
			removed.attempts = st.results[i].attempts;
			history_result(
			    &r->history, id, &e, m.size, &removed, SPAN(""));
		}
	}
	state_free(&st);
	envelope_free(&e);
}

int
entry_remove(struct runner *r, const char *id)
{
	removal_tell(r, id);
	return hold_remove(&r->spool, id);
}

static int
wish_do(struct runner *r, struct entry *e)
{
	switch ((enum state_wish)e->wish) {
	case WISH_HOLD:
		return hold_put(&r->spool, e->id);
	case WISH_REMOVE:
		return entry_remove(r, e->id);
	case WISH_FAIL: /* when it is opened */
	case WISH_NONE:
	case WISH_RELEASE:
		break;
	}
	return 0;
}

/* The request is in the journal, so its execution need not be synced. */
bool
entry_wish(struct runner *r, struct entry *e)
{
	enum state_wish wish = (enum state_wish)e->wish;
	struct logline l;

	if (wish == WISH_NONE || wish == WISH_RELEASE)
		return false;
	log_start(&l, wish == WISH_HOLD ? "hold" : "remove");
	log_text(&l, "id", e->id);
	if (wish_do(r, e) < 0) {
		log_errno(&l);
		log_write(&l);
		queue_wait(&r->queue, e, clock_wall_s() + WISH_AGAIN_S);
		return true;
	}
	log_write(&l);
	e->wish = WISH_NONE;
	if (wish == WISH_FAIL) {
		/* Its state says that all recipients fail: don't wait for their
		 * destinations. */
		entry_set_destination(r, e, NULL);
		e->again = true;
		e->forced = true;
		queue_renew(&r->queue, e);
	} else {
		entry_forget(r, e);
	}
	return true;
}

static struct circumstances
circumstances_of(const struct runner *r, const struct entry *e, int64_t now)
{
	return (struct circumstances){
		.birth = id_birth_ms((struct span){ e->id, ID_LEN }) / 1000,
		.now = now,
		.queue_life = r->limits.queue_life,
		.delay_warning = r->limits.delay_warning,
	};
}

bool
entry_is_late(const struct runner *r, const struct entry *e, int64_t now)
{
	struct circumstances c = circumstances_of(r, e, now);

	return (!e->warned && outcome_is_late(&c)) ||
	    (now > c.birth && (uint64_t)(now - c.birth) > c.queue_life);
}

/* When that will be; INT64_MAX: not any more. */
static int64_t
late_at(const struct runner *r, const struct entry *e, int64_t now)
{
	struct circumstances c = circumstances_of(r, e, now);
	int64_t warning = c.birth + (int64_t)c.delay_warning + 1;
	int64_t end = c.birth + (int64_t)c.queue_life + 1;

	if (!e->warned && c.delay_warning > 0 && warning > now)
		return warning;
	return end > now ? end : INT64_MAX;
}

/* When to open an entry that can't be sent before due: delay warnings and the
 * final bounce must not be late. */
static int64_t
look_at(struct runner *r, struct entry *e, int64_t due)
{
	int64_t late = late_at(r, e, clock_wall_s());

	return late < due ? late : due;
}

void
entry_wait(struct runner *r, struct entry *e, int64_t due)
{
	if (!entry_wish(r, e))
		queue_wait(&r->queue, e, look_at(r, e, due));
}

void
entry_park(struct runner *r, struct entry *e, struct destination *d)
{
	if (entry_wish(r, e))
		return;
	entry_set_destination(r, e, d);
	queue_park(&r->queue, e, &d->parked);
	destination_list(&r->destinations, d);
}

void
entries_forget_destinations(struct runner *r)
{
	struct queue *q = &r->queue;
	struct entry *e;

	for (size_t at = 0; (e = hash_next(&q->known, &at)) != NULL;) {
		several_drop(r, e);
		if (e->destination == NULL)
			continue;
		if (e->place == PLACE_PARKED)
			queue_renew(q, e);
		entry_set_destination(r, e, NULL);
	}
}

static bool
wake(struct destination *d, void *arg)
{
	destination_wake(arg, d);
	return true;
}

void
entries_wake(struct runner *r)
{
	struct queue *q = &r->queue;
	struct entry *e;

	for (size_t at = 0; (e = hash_next(&q->known, &at)) != NULL;)
		e->forced = true;
	queue_wake(q, 0);
	destinations_each(&r->destinations, wake, &r->destinations);
}
