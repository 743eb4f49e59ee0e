/* A message that was just opened: who serves each of its recipients, and which
 * of them now. */
#include "base/clock.h"
#include "base/die.h"
#include "retry.h"
#include "runner.h"
#include "verp.h"

enum { NO_HOST = 68 /* EX_NOHOST */ };

struct span
recipient_domain(const struct work *w, size_t i)
{
	struct span address = w->envelope.recipients[i].address;
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return at == 0 ? SPAN("") : span_from(address, at);
}

/* A recipient for another host. What rests is not tried, nor noted. */
static void
recipient_sort_remote(struct runner *r, struct work *w, size_t i)
{
	struct slot *slot = &w->slots[i];
	int64_t now = clock_wall_s();

	if (w->entry->wakes && dest_rests(slot->dest, now))
		dest_wake(&r->dests, slot->dest);
	if (!dest_rests(slot->dest, now)) {
		slot->state = SLOT_TO_SEND;
		remote_add(r, w, i);
		return;
	}
	slot->state = SLOT_SKIPPED;
	w->open--;
	if (slot->dest->rest < w->skipped)
		w->skipped = slot->dest->rest;
}

/* Who serves the recipient: 1 a worker here, 0 one that sends; -1: it has its
 * answer. */
static int
recipient_find(struct runner *r, struct work *w, size_t i)
{
	struct span domain = recipient_domain(w, i);
	int ours = users_domain(&r->users, domain);

	if (ours < 0)
		answer_make(r, w, i, TEMP, SPAN("4.3.0"),
		    SPAN("the user database can't be read"));
	else if (ours == 0 && !pool_exists(&r->pools[REMOTE]))
		absent_answer(r, w, i);
	else if (ours == 0 && !remote_dest(r, w, i))
		answer_make(r, w, i, NO_HOST, SPAN("5.1.2"),
		    SPAN("the domain is not a valid name"));
	else
		return ours;
	return -1;
}

/* Tried before, and not due again yet: others of the message are. */
static bool
is_early(const struct work *w, size_t i)
{
	const struct result *res = &w->results[i];
	int64_t now = clock_wall_s();

	return res->attempts > 0 && !w->entry->forced &&
	    retry_sane(w->birth, now, res->next) > now;
}

/* What is to be done for a recipient that is not finished. */
static void
recipient_sort(struct runner *r, struct work *w, size_t i)
{
	struct slot *slot = &w->slots[i];
	int here;

	w->open++;
	if (w->envelope.verp.len > 0 &&
	    verp_sender(w->envelope.from, w->envelope.verp,
		w->envelope.recipients[i].address, &r->text))
		slot->sender = envelope_keep(&w->envelope, str_span(&r->text));
	here = recipient_find(r, w, i);
	if (here < 0)
		return;
	if (is_early(w, i)) {
		slot->state = SLOT_SKIPPED;
		w->open--;
		if (w->results[i].next < w->skipped)
			w->skipped = w->results[i].next;
	} else if (here > 0) {
		slot->state = SLOT_TO_SEND;
		w->to_send++;
	} else {
		recipient_sort_remote(r, w, i);
	}
}

void
recipients_sort(struct runner *r, struct work *w)
{
	/* One more than there are, until all are sorted, so that an answer at
	 * once doesn't settle the message. */
	w->open = 1;
	for (size_t i = 0; i < w->envelope.count; i++) {
		w->slots[i] = (struct slot){ .state = SLOT_FINAL };
		w->sorted = i + 1;
		if (w->results[i].attempts == 0 ||
		    w->results[i].verdict == TEMP)
			recipient_sort(r, w, i);
	}
	entry_note_dests(r, w);
	remote_join(r, w);
	if (--w->open == 0)
		work_settle(r, w);
	else if (w->to_send > 0)
		work_send_later(r, w);
}
