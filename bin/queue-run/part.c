/* Recipients of one message that go out in one transaction, and lines of them. */
#include "base/record.h"
#include "mail/domain.h"
#include "os/sock.h"
#include "runner.h"

enum {
	PART_BYTES = PACKET_MAX - 16384, /* the rest is for the first line */
	LINE_BYTES = 100,                /* of a recipient, without its words */
	ESCAPED = 3,                     /* bytes of an escaped one */
};

void
part_push(struct part_line *l, struct part *p)
{
	p->after = NULL;
	*(l->last == NULL ? &l->first : &l->last->after) = p;
	l->last = p;
	l->count++;
}

struct part *
part_pop(struct part_line *l)
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

void
part_push_front(struct part_line *l, struct part *p)
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

struct part *
part_new(struct work *w, struct dest *d, struct part_line *line)
{
	struct part *p = arena_new(&w->envelope.text, sizeof *p);

	p->work = w;
	p->dest = d;
	part_push(line, p);
	return p;
}

bool
part_has_room(const struct part *p, const struct work *w, size_t i)
{
	return p != NULL && p->work == w && p->count < PART_RECIPIENTS &&
	    p->size + line_bytes(&w->envelope.recipients[i]) <= PART_BYTES &&
	    span_equal(w->slots[p->first].sender, w->slots[i].sender);
}

void
part_add(struct part *p, struct work *w, size_t i)
{
	if (p->count++ == 0)
		p->first = (uint32_t)i;
	else
		w->slots[p->last].next = (uint32_t)i;
	p->last = (uint32_t)i;
	p->size += line_bytes(&w->envelope.recipients[i]);
}

struct part *
part_reserve(struct work *w, const struct dest *d)
{
	struct part_line rest = w->parts;
	struct part *p, *found = NULL;

	if (rest.first == NULL)
		return NULL;
	w->parts = (struct part_line){ 0 };
	while ((p = part_pop(&rest)) != NULL)
		if (found == NULL && p->dest == d)
			found = p;
		else
			part_push(&w->parts, p);
	return found;
}

void
part_write(struct runner *r, const struct part *p)
{
	struct work *w = p->work;
	uint64_t number = pool_number(&r->pools[REMOTE]);

	str_clear(&r->text);
	domain_fold_any(recipient_domain(w, p->first), &r->text);
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
