/* Jobs for other hosts. They are handed out by destination, not by message:
 * each has a line of parts (recipients of messages in hand, one transaction
 * each) and, behind it, of messages that are not in hand. A worker that has been
 * at a destination gets its next part, but not for ever while others wait. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "mail/domain.h"
#include "os/sock.h"
#include "runner.h"
#include "verp.h"

enum {
	PART_RECIPIENTS = 100, /* RFC 5321 4.5.3.1.8: any host takes as many */
	PART_BYTES = PACKET_MAX - 16384, /* the rest is for the first line */
	LINE_BYTES = 100,                /* of a recipient, without its words */
	ESCAPED = 3,                     /* bytes of an escaped one */
	STREAK_MAX = 50, /* parts in a row while other destinations wait */
};

bool
remote_dest(struct runner *r, struct work *w, size_t i)
{
	struct span address = w->envelope.recipients[i].address;
	struct arena *a = &w->envelope.text;
	struct str *domain = &r->text;
	struct route route;
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	str_clear(domain);
	if (!domain_fold_any(span_from(address, at), domain))
		return false;
	route_find(r->routes, str_span(domain), a, &route);
	w->slots[i].dest = dest_get(&r->dests, route.key);
	return true;
}

static void
line_push(struct part_line *l, struct part *p)
{
	p->after = NULL;
	*(l->last == NULL ? &l->first : &l->last->after) = p;
	l->last = p;
	l->count++;
}

static struct part *
line_pop(struct part_line *l)
{
	struct part *p = l->first;

	if (p == NULL)
		return NULL;
	l->first = p->after;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	return p;
}

static void
line_push_front(struct part_line *l, struct part *p)
{
	p->after = l->first;
	l->first = p;
	if (l->last == NULL)
		l->last = p;
	l->count++;
}

static size_t
line_bytes(const struct recipient *to)
{
	return LINE_BYTES +
	    ESCAPED * (to->address.len + to->orcpt.len + to->notify.len);
}

static struct part *
part_new(struct work *w, struct dest *d, struct part_line *line)
{
	struct part *p = arena_new(&w->envelope.text, sizeof *p);

	p->work = w;
	p->dest = d;
	line_push(line, p);
	return p;
}

static bool
part_has_room(const struct part *p, const struct work *w, size_t i)
{
	return p != NULL && p->work == w && p->count < PART_RECIPIENTS &&
	    p->size + line_bytes(&w->envelope.recipients[i]) <= PART_BYTES &&
	    span_equal(w->slots[p->first].sender, w->slots[i].sender);
}

static void
part_add(struct part *p, struct work *w, size_t i)
{
	if (p->count++ == 0)
		p->first = (uint32_t)i;
	else
		w->slots[p->last].next = (uint32_t)i;
	p->last = (uint32_t)i;
	p->size += line_bytes(&w->envelope.recipients[i]);
}

void
remote_add(struct runner *r, struct work *w, size_t i)
{
	struct slot *slot = &w->slots[i];
	struct dest *d = slot->dest;

	(void)r;
	if (!part_has_room(d->last_part, w, i))
		d->last_part = part_new(w, d, &w->parts);
	part_add(d->last_part, w, i);
}

bool
remote_room(const struct runner *r, const struct dest *d)
{
	return r->remote < r->remote_max && dest_has_room(d);
}

static void
part_skip(struct part *p)
{
	struct work *w = p->work;

	for (size_t n = p->count, i = p->first; n > 0; n--) {
		w->slots[i].state = SLOT_SKIPPED;
		i = w->slots[i].next;
	}
	w->open -= p->count;
}

/* The first part for each destination joins its line, the others follow one by
 * one as parts are sent: so a message of many recipients shares a destination
 * with others. */
void
remote_join(struct runner *r, struct work *w)
{
	struct part_line all = w->parts;
	struct part *p;

	for (p = all.first; p != NULL; p = p->after)
		p->dest->last_part = NULL;
	w->parts = (struct part_line){ 0 };
	while ((p = line_pop(&all)) != NULL) {
		struct dest *d = p->dest;

		if (d->joined == w->entry) {
			line_push(&w->parts, p);
		} else if ((w->remote || r->remote < r->remote_max) &&
		    dest_has_room(d)) {
			r->remote += w->remote ? 0 : 1;
			w->remote = true;
			d->joined = w->entry;
			line_push(&d->parts, p);
			dest_list(&r->dests, d);
		} else {
			part_skip(p);
			w->full = d;
		}
	}
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i].dest != NULL)
			w->slots[i].dest->joined = NULL;
}

/* The next part of this message for the destination. */
static struct part *
reserve_take(struct work *w, const struct dest *d)
{
	struct part_line rest = w->parts;
	struct part *p, *found = NULL;

	if (rest.first == NULL)
		return NULL;
	w->parts = (struct part_line){ 0 };
	while ((p = line_pop(&rest)) != NULL)
		if (found == NULL && p->dest == d)
			found = p;
		else
			line_push(&w->parts, p);
	return found;
}

void
remote_again(struct runner *r, struct work *w, size_t i)
{
	struct slot *slot = &w->slots[i];
	struct dest *d = slot->dest;
	struct part *p = d->parts.last;

	slot->state = SLOT_TO_SEND;
	if (!part_has_room(p, w, i))
		p = part_new(w, d, &d->parts);
	part_add(p, w, i);
	dest_list(&r->dests, d);
}

void
remote_answered(struct runner *r, struct connection *c, struct part *p)
{
	struct dest *d = p->dest;

	if (--p->open == 0) {
		d->sent--;
		c->parts--;
	}
	if (c->count == 0)
		dest_busy(&r->dests, d, false);
	dest_list(&r->dests, d);
}

void
remote_rest(struct runner *r, struct dest *d)
{
	struct entry *e;
	struct part *p;

	dest_keep(d);
	while ((e = d->parked.first) != NULL) {
		if (!e->many) {
			entry_wait(r, e, d->rest);
			continue;
		}
		queue_renew(&r->queue, e);
		entry_set_dest(r, e, NULL);
	}
	while ((p = line_pop(&d->parts)) != NULL) {
		struct work *w = p->work;

		do
			part_skip(p);
		while ((p = reserve_take(w, d)) != NULL);
		if (d->rest < w->skipped)
			w->skipped = d->rest;
		if (w->open == 0)
			work_settle(r, w);
	}
	dest_drop(&r->dests, d);
}

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
	return line_pop(&d->parts);
}

/* `domain` is one that leads to this destination. */
static void
part_write(struct runner *r, const struct part *p)
{
	struct work *w = p->work;
	struct span address = w->envelope.recipients[p->first].address;
	uint64_t number = pool_number(&r->pools[REMOTE]);
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	str_clear(&r->text);
	domain_fold_any(span_from(address, at), &r->text);
	str_clear(&r->record);
	job_write_sender(&r->record, w, p->first);
	record_add(&r->record, "domain", str_span(&r->text));
	for (size_t n = 0, i = p->first; n < p->count; n++) {
		record_end(&r->record);
		job_write_recipient(&r->record, w, number + n, i);
		i = w->slots[i].next;
	}
	record_end(&r->record);
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
		line_push_front(&d->parts, p);
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
	p = reserve_take(w, d);
	if (p != NULL)
		line_push(&d->parts, p);
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
remote_go(struct runner *r)
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
remote_waits(const struct runner *r)
{
	return others_wait(r) || r->queue.parked > 0;
}

void
remote_lost(struct runner *r, struct connection *c)
{
	struct dest *d = c->dest;

	if (d == NULL)
		return;
	c->dest = NULL;
	if (c->count > 0)
		dest_busy(&r->dests, d, false);
	dest_drop(&r->dests, d);
}
