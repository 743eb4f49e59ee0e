/* The workers that send are shared out among the destinations. One that has been
 * at a destination gets its next part, but not for ever while others wait. */
#include <errno.h>

#include "runner.h"

enum { STREAK_MAX = 50 /* parts in a row while other destinations wait */ };

/* The next part of a destination, of a message taken in hand if need be. */
static struct part *
part_next(struct runner *r, struct dest *d)
{
	while (d->parts.first == NULL && d->parked.first != NULL &&
	    remote_room(r, d)) {
		struct entry *e = d->parked.first;

		queue_take_out(&r->queue, e, PLACE_WORKING);
		work_begin(r, e);
	}
	return part_pop(&d->parts);
}

static void
connection_move(struct runner *r, struct connection *c, struct dest *d)
{
	struct dest *old = c->dest;

	if (old == d)
		return;
	dest_keep(d);
	c->dest = d;
	c->streak = 0;
	if (old != NULL)
		dest_drop(&r->dests, old);
}

/* Give the part to this worker; false: it can't take it now. */
static bool
part_send(struct runner *r, struct connection *c, struct part *p)
{
	struct work *w = p->work;
	struct dest *d = p->dest;
	struct job jobs[PART_RECIPIENTS];

	for (size_t n = 0, i = p->first; n < p->count; n++) {
		jobs[n] = (struct job){ .work = w, .index = i, .part = p };
		i = w->slots[i].next;
	}
	part_write(r, p);
	if (pool_send(&r->pools[REMOTE], c, str_span(&r->record), w->message.fd,
		jobs, p->count) < 0) {
		part_push_front(&d->parts, p);
		dest_list(&r->dests, d);
		if (errno != EAGAIN)
			answer_lost(r, &r->pools[REMOTE], c);
		return false;
	}
	if (c->count == p->count)
		dest_busy(&r->dests, d, true);
	connection_move(r, c, d);
	for (size_t n = 0; n < p->count; n++)
		w->slots[jobs[n].index].state = SLOT_SENT;
	p->open = p->count;
	d->sent++;
	c->parts++;
	c->streak++;
	p = part_reserve(w, d);
	if (p != NULL)
		part_push(&d->parts, p);
	return true;
}

static bool
others_wait(const struct runner *r)
{
	for (size_t i = 0; i < DEST_CLASSES; i++)
		if (r->dests.ready[i].first != NULL)
			return true;
	return false;
}

/* Workers that are at a destination already get more of it. */
static void
connection_fill(struct runner *r, struct connection *c)
{
	struct dest *d = c->dest;
	struct part *p;

	while (c->parts < dest_depth(d) && d->busy <= d->window &&
	    (c->streak < STREAK_MAX || !others_wait(r))) {
		p = part_next(r, d);
		if (p == NULL || !part_send(r, c, p))
			return;
	}
}

/* Destinations that fail have a quarter of the workers, these and new ones
 * three quarters; so those that hang never have all. */
static bool
class_has_room(const struct runner *r, enum dest_class class)
{
	size_t all = r->pools[REMOTE].max;
	const unsigned *busy = r->dests.busy;
	size_t failing = busy[DEST_FAILING],
	       unknown = failing + busy[DEST_UNKNOWN];

	switch (class) {
	case DEST_PROVEN:
	case DEST_CLASSES:
		break;
	case DEST_FAILING:
		if (failing > 0 && failing >= all / 4)
			return false;
		/* fall through */
	case DEST_UNKNOWN:
		return unknown == 0 || unknown < all - all / 4;
	}
	return true;
}

/* One part of this destination. full_r: there is no worker for it. */
static bool
dest_go(struct runner *r, struct dest *d, bool *full_r)
{
	struct connection *c;
	struct part *p;
	bool sent = false;

	dest_keep(d);
	/* With its window full it comes back when it answers. */
	if (d->busy < d->window) {
		c = pool_idle(&r->pools[REMOTE], d);
		*full_r = c == NULL;
		p = c == NULL ? NULL : part_next(r, d);
		sent = p != NULL && part_send(r, c, p);
		if (d->busy < d->window)
			dest_list(&r->dests, d);
	}
	dest_drop(&r->dests, d);
	return sent;
}

/* One part of a destination of this class that is ready. Some have none that
 * could be sent now, since too many messages of others are in hand: they must
 * not keep these others waiting. False: there is no worker, or nothing to
 * do. */
static bool
class_go(struct runner *r, enum dest_class class)
{
	bool full = false;

	for (size_t n = r->dests.ready[class].count; n > 0 && !full; n--)
		if (r->dests.ready[class].first == NULL ||
		    !class_has_room(r, class))
			return false;
		else if (dest_go(r, dest_next(&r->dests, class), &full))
			return true;
	return false;
}

void
share_go(struct runner *r)
{
	struct pool *pool = &r->pools[REMOTE];
	unsigned idle = 0;

	for (size_t i = pool->count; i > 0; i--)
		if (i <= pool->count && pool->connections[i - 1]->parts > 0)
			connection_fill(r, pool->connections[i - 1]);
	while (idle < DEST_CLASSES) {
		unsigned turn = r->dests.turn++ % DEST_CLASSES;

		idle = class_go(r, (enum dest_class)turn) ? 0 : idle + 1;
	}
}

bool
share_waits(const struct runner *r)
{
	return others_wait(r) || r->queue.parked > 0;
}

void
share_lost(struct runner *r, struct connection *c)
{
	struct dest *d = c->dest;

	if (d == NULL)
		return;
	c->dest = NULL;
	if (c->count > 0)
		dest_busy(&r->dests, d, false);
	dest_drop(&r->dests, d);
}
