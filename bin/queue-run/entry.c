/* A message that is not in hand: when it has its turn, and where it waits. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "runner.h"
#include "spool/hold.h"

enum { WISH_AGAIN_S = 60 };

void
entry_set_dest(struct runner *r, struct entry *e, struct dest *d)
{
	struct dest *old = e->dest;

	if (d != NULL)
		dest_keep(d);
	e->dest = d;
	if (old != NULL)
		dest_drop(&r->dests, old);
}

static void
several_drop(struct runner *r, struct entry *e)
{
	for (size_t i = 0; e->several != NULL && e->several[i] != NULL; i++)
		dest_drop(&r->dests, e->several[i]);
	free(e->several);
	e->several = NULL;
}

/* The recipient is not done. */
static bool
is_left(const struct work *w, size_t i)
{
	return w->results[i].attempts == 0 || w->results[i].verdict == TEMP;
}

/* The destinations of what is left, DESTS_TOLD at most. only_r: it is one for
 * all of it. */
static size_t
dests_left(const struct work *w, struct dest *all[DESTS_TOLD], bool *only_r)
{
	size_t count = 0, k;

	*only_r = true;
	for (size_t i = 0; i < w->envelope.count; i++) {
		struct dest *d = w->slots[i].dest;

		if (!is_left(w, i))
			continue;
		if (d == NULL || (count > 0 && d != all[0]))
			*only_r = false;
		for (k = 0; k < count && all[k] != d; k++)
			continue;
		if (d != NULL && k == count && count < DESTS_TOLD)
			all[count++] = d;
	}
	*only_r = *only_r && count == 1;
	return count;
}

void
entry_note_dests(struct runner *r, struct work *w)
{
	struct dest *all[DESTS_TOLD];
	struct entry *e = w->entry;
	bool only;
	size_t count = dests_left(w, all, &only);

	/* The slots keep them all meanwhile. */
	several_drop(r, e);
	entry_set_dest(r, e, only ? all[0] : NULL);
	if (only || count == 0)
		return;
	e->several = mem_new((count + 1) * sizeof *all);
	for (size_t i = 0; i < count; i++) {
		dest_keep(all[i]);
		e->several[i] = all[i];
	}
}

void
entry_forget(struct runner *r, struct entry *e)
{
	several_drop(r, e);
	entry_set_dest(r, e, NULL);
	queue_remove(&r->queue, e);
}

/* What becomes of the recipients that are not done. */
static void
removal_tell(struct runner *r, const char *id)
{
	struct spool held = r->spool, *where = &r->spool;
	struct spool_message m;
	struct envelope e;
	struct result *res;

	held.new = held.hold;
	if (faccessat(r->spool.new, id, F_OK, 0) < 0)
		where = &held;
	envelope_init(&e);
	if (spool_read(where, id, &m, &e, NULL) == SPOOL_WHOLE) {
		close(m.fd);
		res = arena_new(&e.text, e.count * sizeof *res);
		if (state_read(&r->spool, id, &e.text, res, e.count) < 0)
			e.count = 0;
		for (size_t i = 0; i < e.count; i++) {
			if (res[i].attempts > 0 && res[i].verdict != TEMP)
				continue;
			res[i].at = clock_wall_s();
			res[i].verdict = HOLD_REMOVED;
			res[i].status = SPAN("5.7.0");
			res[i].text = SPAN("removed by the administrator");
			history_result(
			    &r->history, id, &e, m.size, &res[i], SPAN(""));
		}
	}
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
	switch ((enum wish)e->wish) {
	case WISH_HOLD:
		return hold_put(&r->spool, e->id);
	case WISH_REMOVE:
		return entry_remove(r, e->id);
	case WISH_REPORT:
		removal_tell(r, e->id);
		return hold_fail(&r->spool, e->id);
	case WISH_NONE:
		break;
	}
	return 0;
}

bool
entry_wish(struct runner *r, struct entry *e)
{
	enum wish wish = (enum wish)e->wish;
	struct logline l;

	if (wish == WISH_NONE)
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
	if (wish == WISH_REPORT) {
		/* Its state says that all recipients failed: wherever they were
		 * to go, it is not waited for. */
		entry_set_dest(r, e, NULL);
		e->again = true;
		queue_renew(&r->queue, e);
	} else {
		hold_sync(&r->spool);
		entry_forget(r, e);
	}
	return true;
}

/* When an entry that can't go out before is to be looked at: its sender must
 * hear of the delay, and get it back at the end. */
static int64_t
look_at(struct runner *r, struct entry *e, int64_t due)
{
	int64_t late = judge_late_at(r, e, clock_wall_s());

	return late < due ? late : due;
}

void
entry_wait(struct runner *r, struct entry *e, int64_t due)
{
	if (!entry_wish(r, e))
		queue_wait(&r->queue, e, look_at(r, e, due));
}

void
entry_park(struct runner *r, struct entry *e, struct dest *d)
{
	if (entry_wish(r, e))
		return;
	entry_set_dest(r, e, d);
	queue_park(&r->queue, e, &d->parked);
	dest_list(&r->dests, d);
}

bool
entry_turn(struct runner *r, struct entry *e)
{
	int64_t now = clock_wall_s();
	struct dest *d = e->dest;

	if (d == NULL)
		return true;
	if (e->wakes && dest_rests(d, now))
		dest_wake(&r->dests, d);
	if (dest_rests(d, now)) {
		if (judge_late(r, e, now))
			return true;
		entry_wait(r, e, d->rest);
		return false;
	}
	if (remote_room(r, d))
		return true;
	entry_park(r, e, d);
	return false;
}

void
entries_forget_dests(struct runner *r)
{
	struct queue *q = &r->queue;

	for (size_t i = 0; i < q->size; i++) {
		struct entry *e = q->slots[i];

		if (e == NULL)
			continue;
		several_drop(r, e);
		if (e->dest == NULL)
			continue;
		if (e->place == PLACE_PARKED)
			queue_renew(q, e);
		entry_set_dest(r, e, NULL);
	}
}

static bool
wake(struct dest *d, void *arg)
{
	dest_wake(arg, d);
	return true;
}

void
entries_wake(struct runner *r)
{
	struct queue *q = &r->queue;

	for (size_t i = 0; i < q->size; i++)
		if (q->slots[i] != NULL)
			q->slots[i]->forced = true;
	queue_wake(q, 0);
	dests_each(&r->dests, wake, &r->dests);
}
