#include "dispatcher.h"

#include <errno.h>

#include "base/die.h"
#include "entry.h"
#include "replies.h"

static struct wire
wire_of(struct runner *r)
{
	return (struct wire){ &r->notes.key, &r->record };
}

/* --- workers of this host */

/* The next recipient for one; envelope.count if there is none. */
static size_t
next_index(struct message *m)
{
	size_t i = m->cursor;

	while (i < m->sorted &&
	    (m->attempts[i].state != ATTEMPT_TO_SEND ||
		m->attempts[i].destination != NULL))
		i++;
	m->cursor = i;
	return i;
}

/* Hand over the record; false: the worker can't take it now, leaves, or is
 * gone. */
static bool
packet_send(struct runner *r, struct pool *p, struct connection *c, int message,
    const struct job *job)
{
	struct packet packet = { .record = str_span(&r->record),
		.notes = c->notes };
	int notes = message < 0
	    ? -1
	    : notes_hand(&r->notes, c->notes, &packet.notes);

	if (message >= 0)
		packet.fds[packet.fd_count++] = message;
	if (notes >= 0)
		packet.fds[packet.fd_count++] = notes;
	if (pool_send(p, c, &packet, job, 1) == 0)
		return true;
	if (errno != EAGAIN)
		replies_lost(r, p, c);
	return false;
}

/* Send one job of this message, if there is one and a worker has room. */
static bool
job_send(struct runner *r, struct message *m)
{
	struct pool *p = &r->pools[LOCAL];
	struct job job = { .message = m, .index = next_index(m) };
	const struct wire x = wire_of(r);
	size_t leaving = p->leaving;
	struct connection *c;

	if (job.index >= m->sorted)
		return false;
	c = pool_choose(p, m->attempts[job.index].deaths > 0);
	if (c == NULL)
		return false;
	wire_local(&x, m, pool_number(p), job.index);
	if (!packet_send(r, p, c, m->file.fd, &job))
		return p->leaving > leaving && job_send(r, m);
	m->attempts[job.index].state = ATTEMPT_SENT;
	m->to_send--;
	return true;
}

static void
reports_send(struct runner *r)
{
	struct pool *p = &r->pools[REPORT];
	struct message_list waiting = r->reports;
	const struct wire x = wire_of(r);
	struct message *m;

	r->reports = (struct message_list){ 0 };
	while ((m = message_pop(&waiting)) != NULL) {
		const struct job job = { .message = m, .index = SIZE_MAX };
		struct connection *c = pool_choose(p, false);

		if (c != NULL)
			wire_report(&x, m, pool_number(p),
			    str_span(&r->router.users.me));
		if (c == NULL || !packet_send(r, p, c, -1, &job))
			message_push(&r->reports, m);
	}
}

/* The administrator wants the message: skip recipients that no worker has
 * yet. */
static void
local_skip(struct message *m)
{
	for (size_t i = m->cursor; m->to_send > 0 && i < m->sorted; i++)
		if (m->attempts[i].state == ATTEMPT_TO_SEND &&
		    m->attempts[i].destination == NULL) {
			attempt_skip(m, i, INT64_MAX);
			m->to_send--;
		}
}

/* Its next recipient cost a worker before, and must be alone on the next. */
static bool
wants_worker_alone(struct message *m)
{
	size_t i = next_index(m);

	return i < m->sorted && m->attempts[i].deaths > 0;
}

/* One job of each waiting message in turn, until no worker has room. Messages
 * that need a worker alone come first, or they might never find an idle one. */
void
dispatcher_local(struct runner *r)
{
	struct message_list first = { 0 };
	struct message *m;
	size_t idle = 0;

	reports_send(r);
	while (idle < r->line.count) {
		m = line_pop(&r->line);
		if (message_is_called_back(m)) {
			local_skip(m);
			message_step(&r->ready, m);
			idle = 0;
			continue;
		}
		idle = job_send(r, m) ? 0 : idle + 1;
		if (m->to_send == 0)
			continue;
		line_push(wants_worker_alone(m) ? &first : &r->line, m);
		if (first.last == m && idle > 0)
			idle--;
	}
	if (first.count == 0)
		return;
	while ((m = line_pop(&r->line)) != NULL)
		line_push(&first, m);
	r->line = first;
}

/* --- destinations' lines */

void
dispatcher_add(struct runner *r, struct message *m, size_t i)
{
	struct destination *d = m->attempts[i].destination;

	(void)r;
	if (!transaction_has_room(d->last_transaction, m, i))
		d->last_transaction = transaction_new(m, d, &m->transactions);
	transaction_add(d->last_transaction, m, i);
}

bool
dispatcher_room(const struct runner *r, const struct destination *d)
{
	return r->hand.remote < r->hand.remote_max && destination_has_room(d);
}

static bool
message_may_join(const struct runner *r, const struct message *m,
    const struct destination *d)
{
	return (m->remote || r->hand.remote < r->hand.remote_max) &&
	    destination_has_room(d);
}

/* The first transaction for each destination joins its line, the others follow
 * one by one as they are sent: so a message of many recipients shares a
 * destination with others. */
void
dispatcher_join(struct runner *r, struct message *m)
{
	struct transaction_line all = m->transactions;
	struct transaction *t;

	for (t = all.first; t != NULL; t = t->after)
		t->destination->last_transaction = NULL;
	m->transactions = (struct transaction_line){ 0 };
	while ((t = transaction_pop(&all)) != NULL) {
		struct destination *d = t->destination;

		if (d->joined == m->entry) {
			transaction_push(&m->transactions, t);
		} else if (message_may_join(r, m, d)) {
			r->hand.remote += m->remote ? 0 : 1;
			m->remote = true;
			d->joined = m->entry;
			transaction_push(&d->transactions, t);
			destination_list(&r->destinations, d);
		} else {
			transaction_skip(t, INT64_MAX);
			m->full = d;
		}
	}
	for (size_t i = 0; i < m->sorted; i++)
		if (m->attempts[i].destination != NULL)
			m->attempts[i].destination->joined = NULL;
}

/* --- no program that sends */

void
absent_answer(struct runner *r, struct message *m, size_t i)
{
	attempt_make(m, i, TEMP, SPAN("4.4.4"),
	    SPAN("no program that sends to other hosts is running here"));
	message_step(&r->ready, m);
}

static void
transaction_absent(struct runner *r, struct transaction *t)
{
	size_t i = t->first, next;

	for (size_t n = t->count; n > 0; n--, i = next) {
		next = t->message->attempts[i].next;
		absent_answer(r, t->message, i);
	}
}

static void
destination_absent(struct runner *r, struct destination *d)
{
	struct transaction *t;
	struct entry *e;

	while ((e = d->parked.first) != NULL) {
		queue_renew(&r->queue, e);
		entry_set_destination(r, e, NULL);
	}
	while ((t = transaction_pop(&d->transactions)) != NULL) {
		struct message *m = t->message;

		do
			transaction_absent(r, t);
		while ((t = transaction_reserve(m, d)) != NULL);
	}
}

void
dispatcher_absent(struct runner *r)
{
	struct destination *d;

	for (int class = 0; class < DESTINATION_CLASSES; class ++)
		while ((d = destination_next(&r->destinations,
			    (enum destination_class) class)) != NULL) {
			destination_keep(d);
			destination_absent(r, d);
			destination_drop(&r->destinations, d);
		}
}
