#include "expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

static struct expansion **
expansion_find(struct message *m, size_t i)
{
	struct expansion **x = &m->expansions;

	while (*x != NULL && (*x)->index != i)
		x = &(*x)->after;
	return x;
}

static struct expansion *
expansion_get(struct message *m, size_t i)
{
	struct expansion **x = expansion_find(m, i);

	if (*x == NULL) {
		*x = mem_new(sizeof **x);
		(*x)->index = i;
	}
	return *x;
}

void
expand_forget(struct message *m, size_t i)
{
	struct expansion **at = expansion_find(m, i), *x = *at;

	if (x == NULL)
		return;
	*at = x->after;
	free(x->places);
	free(x->results);
	free(x);
}

void
expand_place(struct message *m, size_t i, const struct reply *a)
{
	struct expansion *x = expansion_get(m, i);
	struct envelope *e = &m->envelope;
	struct recipient *to;
	struct result *r;

	if (e->count + x->count >= RECIPIENTS_MAX)
		return;
	if (x->count == x->size) {
		x->size = x->size == 0 ? 4 : 2 * x->size;
		x->places = mem_resize(x->places, x->size, sizeof *x->places);
		x->results = mem_resize(
		    x->results, x->size, sizeof *x->results);
	}
	to = &x->places[x->count];
	r = &x->results[x->count++];
	*to = a->place;
	to->address = envelope_keep(e, a->place.address);
	to->command = envelope_keep(e, a->place.command);
	*r = (struct result){ .verdict = a->result.verdict,
		.status = envelope_keep(e, a->result.status),
		.text = envelope_keep(e, a->result.text),
		.host = SPAN("") };
}

bool
expand_complete(struct message *m, size_t i, uint64_t places)
{
	struct expansion *x = expansion_get(m, i);

	if (places > 0 && x->count == places)
		return true;
	expand_forget(m, i);
	return false;
}

/* --- which places the message has already */

/* What goes to the one goes where the other does. An address that is a place
 * itself is a mailbox or a command alone; one that is not gets its own places
 * when it is expanded. So each recipient is known by two names: what it is, and
 * its address, for which any that stands there as an address will do. */
struct places {
	const struct envelope *envelope;
	struct hash known;
	struct arena memory;
	struct str name; /* scratch */
};

/* What it is. Accounts of ours have no upper case; another host's local part
 * may (RFC 5321 2.4). */
static struct span
name_of(struct places *p, const struct recipient *r)
{
	size_t at = 0;

	str_setf(&p->name, "%d ", (int)r->kind);
	if (r->kind == RECIPIENT_PIPE)
		str_addf(&p->name, "%ju ", (uintmax_t)r->order);
	if (r->kind == RECIPIENT_ADDRESS) {
		at = r->address.len;
		while (at > 0 && r->address.at[at - 1] != '@')
			at--;
	}
	at += p->name.len;
	str_add(&p->name, r->address);
	str_lower(&p->name, at);
	return str_span(&p->name);
}

static struct span
name_of_address(struct places *p, const struct recipient *r)
{
	str_set(&p->name, SPAN("@ "));
	str_add(&p->name, r->address);
	str_lower(&p->name, 0);
	return str_span(&p->name);
}

/* False: it is there already. */
static bool
places_add(struct places *p, uint32_t index)
{
	const struct recipient *r = &p->envelope->recipients[index];

	if (r->kind != RECIPIENT_ADDRESS &&
	    hash_find(&p->known, name_of_address(p, r)) != NULL)
		return false;
	if (hash_text_add(&p->known, &p->memory, name_of(p, r), index) != index)
		return false;
	if (r->kind == RECIPIENT_ADDRESS)
		hash_text_add(
		    &p->known, &p->memory, name_of_address(p, r), index);
	return true;
}

/* It counts as a place: neither expanded nor failed. Until that is noted a
 * restart may try it again. */
static bool
is_place(const struct message *m, size_t i)
{
	const struct result *r = &m->state.results[i];

	if (result_is_final(r) && r->verdict == DONE)
		return r->action != ACTION_EXPANDED;
	return !result_is_final(r) || m->attempts[i].state != ATTEMPT_FINAL;
}

static void
places_init(struct places *p, const struct message *m)
{
	*p = (struct places){
		.envelope = &m->envelope, .memory = ARENA_INIT, .name = STR_INIT
	};
	hash_init(&p->known, hash_text_key);
	for (size_t i = 0; i < m->envelope.count; i++)
		if (is_place(m, i))
			places_add(p, (uint32_t)i);
}

static void
places_free(struct places *p)
{
	hash_free(&p->known);
	arena_free(&p->memory);
	str_free(&p->name);
}

/* --- they become recipients */

/* RFC 3461 5.2.7.3 (c): without SUCCESS, which "expanded" answers. A NOTIFY of
 * only SUCCESS becomes NEVER. */
static struct span
notify_of_many(struct span notify)
{
	bool failure = span_find_case(notify, SPAN("FAILURE")) < notify.len;
	bool delay = span_find_case(notify, SPAN("DELAY")) < notify.len;

	if (notify.len == 0 ||
	    span_find_case(notify, SPAN("SUCCESS")) == notify.len)
		return notify;
	if (failure && delay)
		return SPAN("FAILURE,DELAY");
	if (failure)
		return SPAN("FAILURE");
	return delay ? SPAN("DELAY") : SPAN("NEVER");
}

/* The properties that places inherit from the address. */
static struct recipient
inherited(const struct message *m, size_t i, size_t places)
{
	const struct recipient *of = &m->envelope.recipients[i];

	return (struct recipient){
		.notify = places > 1 ? notify_of_many(of->notify) : of->notify,
		.orcpt = of->orcpt,
		.through = of->through.len > 0 ? of->through : of->address,
		.of = (uint32_t)i
	};
}

static void
place_add(struct message *m, struct recipient to,
    const struct recipient *inherit, const struct result *failed,
    struct places *all)
{
	size_t i = m->envelope.count;

	to.notify = inherit->notify;
	to.orcpt = inherit->orcpt;
	to.through = inherit->through;
	to.of = inherit->of;
	envelope_to(&m->envelope, &to);
	if (!places_add(all, (uint32_t)i)) {
		m->envelope.count--;
		return;
	}
	message_grow(m);
	m->attempts[i] = (struct attempt){ .state = ATTEMPT_SKIPPED };
	m->open++;
	if (failed->verdict != DONE)
		attempt_answer(m, i, failed);
}

void
expand_apply(struct message *m, size_t i)
{
	struct expansion *x = *expansion_find(m, i);
	struct result *r;
	struct recipient inherit;
	struct places all;
	size_t before = m->envelope.count;

	if (x == NULL)
		return;
	inherit = inherited(m, i, x->count);
	places_init(&all, m);
	for (size_t k = 0; k < x->count; k++)
		place_add(m, x->places[k], &inherit, &x->results[k], &all);
	places_free(&all);
	r = &m->state.results[i];
	r->places = m->envelope.count - before;
	/* RFC 3461 5.2.7.2: an alias for one address gets no report, since that
	 * address does, unless it was already a recipient. */
	r->reported = r->reported || (x->count == 1 && r->places == 1);
	expand_forget(m, i);
}
