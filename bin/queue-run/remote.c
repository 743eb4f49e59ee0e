/* Jobs for other hosts. They are handed out by destination, not by message:
 * each has a line of parts (recipients of messages in hand, one transaction
 * each) and, behind it, of messages that are not in hand. */
#include "base/die.h"
#include "mail/domain.h"
#include "runner.h"

bool
remote_dest(struct runner *r, struct work *w, size_t i)
{
	struct arena *a = &w->envelope.text;
	struct str *domain = &r->text;
	struct route route;

	if (w->demand == DEMAND_UNKNOWN)
		w->demand = demand_find(r, w);
	str_clear(domain);
	if (!domain_fold_any(recipient_domain(w, i), domain))
		return false;
	route_find(r->routes, str_span(domain), a, &route);
	w->slots[i].dest = dest_get(
	    &r->dests, demand_key(r, a, &route, str_span(domain), w->demand));
	return true;
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
	while ((p = part_pop(&all)) != NULL) {
		struct dest *d = p->dest;

		if (d->joined == w->entry) {
			part_push(&w->parts, p);
		} else if ((w->remote || r->remote < r->remote_max) &&
		    dest_has_room(d)) {
			r->remote += w->remote ? 0 : 1;
			w->remote = true;
			d->joined = w->entry;
			part_push(&d->parts, p);
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
	while ((p = part_pop(&d->parts)) != NULL) {
		struct work *w = p->work;

		do
			part_skip(p);
		while ((p = part_reserve(w, d)) != NULL);
		if (d->rest < w->skipped)
			w->skipped = d->rest;
		if (w->open == 0)
			work_settle(r, w);
	}
	dest_drop(&r->dests, d);
}

void
absent_answer(struct runner *r, struct work *w, size_t i)
{
	answer_make(r, w, i, TEMP, SPAN("4.4.4"),
	    SPAN("no program that sends to other hosts is running here"));
}

static void
part_absent(struct runner *r, struct part *p)
{
	struct work *w = p->work;
	size_t i = p->first, next;

	for (size_t n = p->count; n > 0; n--, i = next) {
		next = w->slots[i].next;
		absent_answer(r, w, i);
	}
}

static void
dest_absent(struct runner *r, struct dest *d)
{
	struct entry *e;
	struct part *p;

	while ((e = d->parked.first) != NULL) {
		queue_renew(&r->queue, e);
		entry_set_dest(r, e, NULL);
	}
	while ((p = part_pop(&d->parts)) != NULL) {
		struct work *w = p->work;

		w->open++; /* not settled before the last of its parts */
		do
			part_absent(r, p);
		while ((p = part_reserve(w, d)) != NULL);
		if (--w->open == 0)
			work_settle(r, w);
	}
}

void
remote_absent(struct runner *r)
{
	struct dest *d;

	for (int class = 0; class < DEST_CLASSES; class ++)
		while ((d = dest_next(&r->dests, (enum dest_class) class)) !=
		    NULL) {
			dest_keep(d);
			dest_absent(r, d);
			dest_drop(&r->dests, d);
		}
}
