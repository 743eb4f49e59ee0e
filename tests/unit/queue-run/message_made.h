/* Messages in hand that were never in a spool, and a runner that has nothing
 * but what judging them needs. */
#ifndef MESSAGE_MADE_H
#define MESSAGE_MADE_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../../bin/queue-run/expand.h"
#include "../../../bin/queue-run/judge.h"

#define MADE_ID "01K00000000000000000000000"

static inline void
runner_made(struct runner *r)
{
	*r = (struct runner){ .record = STR_INIT,
		.packet = STR_INIT,
		.text = STR_INIT,
		.hand.max = 100,
		.limits.queue_life = 5 * 86400,
		.history.results.lines = STR_INIT,
		.history.sessions.lines = STR_INIT };
	queue_init(&r->queue);
	destinations_init(&r->destinations, 10);
}

static inline void
runner_unmade(struct runner *r)
{
	struct message *m;

	while ((m = message_pop(&r->hand.spare)) != NULL) {
		envelope_free(&m->envelope);
		state_free(&m->state);
		free(m->attempts);
		free(m->answered);
		free(m);
	}
	queue_free(&r->queue);
	destinations_free(&r->destinations);
	str_free(&r->text);
	str_free(&r->history.results.lines);
}

/* Its recipients are with a worker. */
static inline struct message *
message_made(struct runner *r, const struct recipient *to, size_t n)
{
	struct entry *e = queue_find(&r->queue, SPAN(MADE_ID));
	struct message *m;

	if (e == NULL)
		e = queue_add(&r->queue, SPAN(MADE_ID));
	queue_take_out(&r->queue, e, PLACE_WORKING);
	m = message_new(&r->hand, e);
	m->birth = clock_wall_s();
	envelope_clear(&m->envelope);
	m->envelope.from = SPAN("sender@example.net");
	m->envelope.service = SPAN("smtp");
	for (size_t i = 0; i < n; i++)
		envelope_to(&m->envelope, &to[i]);
	state_clear(&m->state, n);
	message_grow(m);
	for (size_t i = 0; i < n; i++)
		m->attempts[i] = (struct attempt){ .state = ATTEMPT_SENT };
	m->open = m->sorted = n;
	return m;
}

/* A worker tells a place; verdict 0: it has not failed. */
static inline void
place_made(struct message *m, size_t i, enum recipient_kind kind,
    const char *to, uint32_t order, int verdict)
{
	const struct reply a = { .kind = REPLY_PLACE,
		.result = { .verdict = verdict,
		    .status = verdict == 0 ? SPAN("2.0.0") : SPAN("5.1.3"),
		    .text = SPAN("told") },
		.place = { .kind = kind,
		    .address = span_text(to),
		    .order = order,
		    .command = SPAN("") } };

	expand_place(m, i, &a);
}

/* And answers. */
static inline void
expansion_made(struct message *m, size_t i, uint64_t places)
{
	const struct result r = { .status = SPAN("2.0.0"),
		.text = SPAN(""),
		.host = SPAN(""),
		.action = ACTION_EXPANDED,
		.places = places };

	attempt_answer(m, i, &r);
}

/* Judge, without the log. */
static inline void
judge_made(struct runner *r, struct message *m)
{
	int log = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	judge_all(r, m);
	dup2(log, STDERR_FILENO);
	close(null);
	close(log);
}

#endif
