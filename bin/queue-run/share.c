#include <errno.h>

#include "dispatcher.h"
#include "replies.h"

enum {
	STREAK_MAX =
	    50 /* transactions in a row while other destinations wait */
};

/* The next one of a message that the administrator has not called back. */
static struct transaction *
transaction_wanted(struct runner *r, struct destination *d)
{
	struct transaction *t;

	while ((t = transaction_pop(&d->transactions)) != NULL &&
	    message_is_called_back(t->message)) {
		struct message *m = t->message;

		do
			transaction_skip(t, INT64_MAX);
		while ((t = transaction_reserve(m, d)) != NULL);
		message_step(&r->ready, m);
	}
	return t;
}

/* The next transaction of a destination; NULL, and *parked_r when a message
 * must be opened first. */
static struct transaction *
transaction_next(struct runner *r, struct destination *d, bool *parked_r)
{
	struct transaction *t = transaction_wanted(r, d);

	*parked_r = t == NULL && d->parked.first != NULL &&
	    dispatcher_room(r, d);
	return t;
}

static void
connection_move(struct runner *r, struct connection *c, struct destination *d)
{
	struct destination *old = c->destination;

	if (old == d)
		return;
	destination_keep(d);
	c->destination = d;
	c->streak = 0;
	if (old != NULL)
		destination_drop(&r->destinations, old);
}

/* Hand it to the worker, with its message; -1 as pool_send(). */
static int
transaction_pass(
    struct runner *r, struct connection *c, const struct transaction *t)
{
	struct pool *p = &r->pools[REMOTE];
	struct message *m = t->message;
	struct job jobs[TRANSACTION_RECIPIENTS];
	const struct wire x = { &r->notes.key, &r->record };
	struct packet packet = {
		.fds = { m->file.fd }, .fd_count = 1, .notes = c->notes
	};
	int notes = notes_hand(&r->notes, c->notes, &packet.notes);

	for (size_t n = 0, i = t->first; n < t->count; n++) {
		jobs[n] = (struct job){ .message = m,
			.index = i,
			.transaction = (struct transaction *)t };
		i = m->attempts[i].next;
	}
	wire_remote(
	    &x, t, pool_number(p), router_domain(&r->router, m, t->first));
	packet.record = str_span(&r->record);
	if (notes >= 0)
		packet.fds[packet.fd_count++] = notes;
	return pool_send(p, c, &packet, jobs, t->count);
}

/* Give the transaction to this worker; false: it can't take it now. */
static bool
transaction_send(struct runner *r, struct connection *c, struct transaction *t)
{
	struct message *m = t->message;
	struct destination *d = t->destination;

	if (transaction_pass(r, c, t) < 0) {
		transaction_push_front(&d->transactions, t);
		destination_list(&r->destinations, d);
		if (errno != EAGAIN)
			replies_lost(r, &r->pools[REMOTE], c);
		return false;
	}
	if (c->count == t->count)
		destination_busy(&r->destinations, d, true);
	connection_move(r, c, d);
	for (size_t n = 0, i = t->first; n < t->count; n++) {
		m->attempts[i].state = ATTEMPT_SENT;
		i = m->attempts[i].next;
	}
	t->open = t->count;
	d->sent++;
	c->transactions++;
	c->streak++;
	t = transaction_reserve(m, d);
	if (t != NULL)
		transaction_push(&d->transactions, t);
	return true;
}

static bool
others_wait(const struct runner *r)
{
	for (size_t i = 0; i < DESTINATION_CLASSES; i++)
		if (r->destinations.ready[i].first != NULL)
			return true;
	return false;
}

/* A worker at a destination gets its next transaction. True: a message must be
 * opened first. */
static bool
connection_fill(struct runner *r, struct connection *c)
{
	struct destination *d = c->destination;
	bool parked = false;

	while (!c->leaving && c->transactions < destination_depth(d) &&
	    d->busy <= d->window &&
	    (c->streak < STREAK_MAX || !others_wait(r))) {
		struct transaction *t = transaction_next(r, d, &parked);

		if (t == NULL || !transaction_send(r, c, t))
			break;
	}
	return parked;
}

/* Failing destinations get a quarter of the workers, failing and new ones three
 * quarters, so that hanging ones never get all. */
static bool
class_has_room(const struct runner *r, enum destination_class class)
{
	size_t all = r->pools[REMOTE].max;
	const unsigned *busy = r->destinations.busy;
	size_t failing = busy[DESTINATION_FAILING],
	       unknown = failing + busy[DESTINATION_UNKNOWN];

	switch (class) {
	case DESTINATION_PROVEN:
	case DESTINATION_CLASSES:
		break;
	case DESTINATION_FAILING:
		if (failing > 0 && failing >= all / 4)
			return false;
		/* fall through */
	case DESTINATION_UNKNOWN:
		return unknown == 0 || unknown < all - all / 4;
	}
	return true;
}

enum went { WENT, WENT_NOT, NO_WORKER, IS_PARKED };

/* One transaction of this destination. */
static enum went
destination_go(struct runner *r, struct destination *d)
{
	struct connection *c;
	struct transaction *t;
	enum went went = WENT_NOT;
	bool parked = false;

	destination_keep(d);
	/* With a full window it is listed again when it answers. */
	if (d->busy < d->window) {
		c = pool_idle(&r->pools[REMOTE], d);
		if (c == NULL)
			went = NO_WORKER;
		else if ((t = transaction_next(r, d, &parked)) != NULL &&
		    transaction_send(r, c, t))
			went = WENT;
		else if (parked)
			went = IS_PARKED;
		if (d->busy < d->window)
			destination_list(&r->destinations, d);
	}
	destination_drop(&r->destinations, d);
	return went;
}

/* Send one transaction of a ready destination of this class. Some have none to
 * send now, since too many messages of others are open; those others must not
 * wait for them. */
static enum went
class_go(
    struct runner *r, enum destination_class class, struct destination **d_r)
{
	for (size_t n = r->destinations.ready[class].count; n > 0; n--) {
		enum went went;

		if (r->destinations.ready[class].first == NULL ||
		    !class_has_room(r, class))
			break;
		*d_r = destination_next(&r->destinations, class);
		went = destination_go(r, *d_r);
		if (went != WENT_NOT)
			return went;
	}
	return WENT_NOT;
}

struct destination *
share_go(struct runner *r)
{
	struct pool *pool = &r->pools[REMOTE];
	struct destination *d = NULL;
	unsigned idle = 0;

	for (size_t i = pool->count; i > 0; i--) {
		struct connection *c = i <= pool->count
		    ? pool->connections[i - 1]
		    : NULL;

		if (c != NULL && c->transactions > 0 && connection_fill(r, c))
			return c->destination;
	}
	while (idle < DESTINATION_CLASSES) {
		unsigned turn = r->destinations.turn++ % DESTINATION_CLASSES;
		enum went went = class_go(r, (enum destination_class)turn, &d);

		if (went == IS_PARKED)
			return d;
		idle = went == WENT ? 0 : idle + 1;
	}
	return NULL;
}

bool
share_waits(const struct runner *r)
{
	return others_wait(r) || r->queue.parked > 0;
}
