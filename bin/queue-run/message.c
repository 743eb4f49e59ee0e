#include "message.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"

enum { SIZE_KEPT = 64 /* recipients; larger arrays are freed */ };

void
message_push(struct message_list *l, struct message *m)
{
	m->next = NULL;
	m->list = l;
	*(l->last == NULL ? &l->first : &l->last->next) = m;
	l->last = m;
	l->count++;
}

struct message *
message_pop(struct message_list *l)
{
	struct message *m = l->first;

	if (m == NULL)
		return NULL;
	l->first = m->next;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	m->list = NULL;
	return m;
}

void
message_step(struct message_list *l, struct message *m)
{
	if (m->list == NULL)
		message_push(l, m);
}

void
line_push(struct message_list *l, struct message *m)
{
	if (m->in_line)
		return;
	m->in_line = true;
	m->behind = NULL;
	*(l->last == NULL ? &l->first : &l->last->behind) = m;
	l->last = m;
	l->count++;
}

struct message *
line_pop(struct message_list *l)
{
	struct message *m = l->first;

	if (m == NULL)
		return NULL;
	l->first = m->behind;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	m->in_line = false;
	return m;
}

struct message *
message_new(struct hand *h, struct entry *e)
{
	struct message *m = message_pop(&h->spare), old;

	if (m == NULL) {
		m = mem_new(sizeof *m);
		envelope_init(&m->envelope);
		state_init(&m->state);
	}
	old = *m;
	*m = (struct message){ .envelope = old.envelope,
		.state = old.state,
		.attempts = old.attempts,
		.size = old.size,
		.answered = old.answered,
		.answered_size = old.answered_size,
		.entry = e,
		.birth = id_birth_ms((struct span){ e->id, ID_LEN }) / 1000,
		.skipped = INT64_MAX,
		.file.fd = -1 };
	h->count++;
	return m;
}

static void
expansions_free(struct message *m)
{
	while (m->expansions != NULL) {
		struct expansion *x = m->expansions;

		m->expansions = x->after;
		free(x->places);
		free(x->results);
		free(x);
	}
}

void
message_release(struct hand *h, struct message *m)
{
	if (m->file.fd >= 0)
		close(m->file.fd);
	expansions_free(m);
	h->count--;
	if (m->remote)
		h->remote--;
	if (m->size <= SIZE_KEPT) {
		message_push(&h->spare, m);
		return;
	}
	envelope_free(&m->envelope);
	state_free(&m->state);
	free(m->attempts);
	free(m->answered);
	free(m);
}

void
message_grow(struct message *m)
{
	size_t n = m->envelope.count;

	state_grow(&m->state, n);
	if (n <= m->size)
		return;
	m->size = n > 2 * m->size ? n : 2 * m->size;
	m->attempts = mem_resize(m->attempts, m->size, sizeof *m->attempts);
}

struct span
recipient_domain(const struct message *m, size_t i)
{
	struct span address = m->envelope.recipients[i].address;
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return at == 0 ? SPAN("") : span_from(address, at);
}

unsigned
recipient_depth(const struct message *m, size_t i)
{
	const struct recipient *all = m->envelope.recipients;
	unsigned depth = 0;

	/* A place comes after its address; a to= line has none. */
	while (all[i].through.len > 0 && all[i].of < i) {
		i = all[i].of;
		depth++;
	}
	return depth;
}

bool
message_is_called_back(const struct message *m)
{
	return m->entry->wish != WISH_NONE && m->entry->wish != WISH_RELEASE;
}

bool
message_is_open(const struct message *m)
{
	for (size_t i = 0; i < m->state.count; i++)
		if (!result_is_final(&m->state.results[i]))
			return true;
	return false;
}

void
attempt_list(struct message *m, size_t i)
{
	if (m->answered_count == m->answered_size) {
		m->answered_size = m->answered_size == 0 ? SIZE_KEPT
							 : 2 * m->answered_size;
		m->answered = mem_resize(
		    m->answered, m->answered_size, sizeof *m->answered);
	}
	m->answered[m->answered_count++] = (uint32_t)i;
}

void
attempt_answer(struct message *m, size_t i, const struct result *result)
{
	struct result *to = &m->state.results[i], old = *to;

	*to = *result;
	to->at = clock_wall_s();
	to->index = i;
	to->attempts = old.attempts + 1;
	to->warn = old.warn;
	to->warned = old.warned;
	to->report = old.report;
	to->status = envelope_keep(&m->envelope, result->status);
	to->text = envelope_keep(&m->envelope, result->text);
	to->host = envelope_keep(&m->envelope, result->host);
	m->attempts[i].state = ATTEMPT_ANSWERED;
	attempt_list(m, i);
	m->open--;
}

void
attempt_make(struct message *m, size_t i, int verdict, struct span status,
    struct span text)
{
	attempt_answer(m, i,
	    &(struct result){
		.verdict = verdict, .status = status, .text = text });
}

void
attempt_skip(struct message *m, size_t i, int64_t due)
{
	m->attempts[i].state = ATTEMPT_SKIPPED;
	m->open--;
	if (due < m->skipped)
		m->skipped = due;
}
