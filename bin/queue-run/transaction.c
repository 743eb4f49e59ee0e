#include "transaction.h"

#include "message.h"
#include "os/sock.h"

enum {
	LINES_BYTES = PACKET_MAX - 16384, /* the rest is for the first line */
	LINE_BYTES = 130, /* of a recipient, without its words */
	ESCAPED = 3,      /* bytes of an escaped one */
};

void
transaction_push(struct transaction_line *l, struct transaction *t)
{
	t->after = NULL;
	*(l->last == NULL ? &l->first : &l->last->after) = t;
	l->last = t;
	l->count++;
}

struct transaction *
transaction_pop(struct transaction_line *l)
{
	struct transaction *t = l->first;

	if (t == NULL)
		return NULL;
	l->first = t->after;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	return t;
}

void
transaction_push_front(struct transaction_line *l, struct transaction *t)
{
	t->after = l->first;
	l->first = t;
	if (l->last == NULL)
		l->last = t;
	l->count++;
}

static size_t
line_bytes(const struct recipient *to)
{
	return LINE_BYTES +
	    ESCAPED * (to->address.len + to->orcpt.len + to->notify.len);
}

struct transaction *
transaction_new(
    struct message *m, struct destination *d, struct transaction_line *line)
{
	struct transaction *t = arena_new(&m->envelope.text, sizeof *t);

	t->message = m;
	t->destination = d;
	transaction_push(line, t);
	return t;
}

bool
transaction_has_room(
    const struct transaction *t, const struct message *m, size_t i)
{
	return t != NULL && t->message == m &&
	    t->count < TRANSACTION_RECIPIENTS &&
	    m->attempts[t->first].deaths == m->attempts[i].deaths &&
	    t->size + line_bytes(&m->envelope.recipients[i]) <= LINES_BYTES &&
	    span_equal(m->attempts[t->first].sender, m->attempts[i].sender) &&
	    span_equal(m->envelope.recipients[t->first].through,
		m->envelope.recipients[i].through);
}

void
transaction_add(struct transaction *t, struct message *m, size_t i)
{
	if (t->count++ == 0)
		t->first = (uint32_t)i;
	else
		m->attempts[t->last].next = (uint32_t)i;
	t->last = (uint32_t)i;
	t->size += line_bytes(&m->envelope.recipients[i]);
}

void
transaction_skip(struct transaction *t, int64_t due)
{
	size_t i = t->first;

	for (size_t n = t->count; n > 0; n--) {
		size_t next = t->message->attempts[i].next;

		attempt_skip(t->message, i, due);
		i = next;
	}
}

struct transaction *
transaction_reserve(struct message *m, const struct destination *d)
{
	struct transaction_line rest = m->transactions;
	struct transaction *t, *found = NULL;

	if (rest.first == NULL)
		return NULL;
	m->transactions = (struct transaction_line){ 0 };
	while ((t = transaction_pop(&rest)) != NULL)
		if (found == NULL && t->destination == d)
			found = t;
		else
			transaction_push(&m->transactions, t);
	return found;
}
