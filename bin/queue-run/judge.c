#include "judge.h"

#include <sys/random.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "expand.h"
#include "outcome.h"
#include "retry.h"

static void
log_result(const struct message *m, size_t i, const char *event)
{
	const struct recipient *to = &m->envelope.recipients[i];
	const struct result *res = &m->state.results[i];
	struct logline l;

	log_start(&l, event);
	log_text(&l, "id", m->entry->id);
	log_span(&l, "to", to->address);
	if (to->through.len > 0)
		log_span(&l, "for", to->through);
	log_span(&l, "from", m->envelope.from);
	log_number(&l, "verdict", res->verdict);
	log_span(&l, "status", res->status);
	if (res->verdict == TEMP)
		log_time(&l, "next", res->next);
	if (res->host.len > 0)
		log_span(&l, "host", res->host);
	log_span(&l, "text", res->text);
	log_write(&l);
}

static void
result_tell(struct runner *r, struct message *m, size_t i)
{
	const struct result *res = &m->state.results[i];

	if (res->verdict == TEMP) {
		log_result(m, i, "deferred");
		return;
	}
	if (res->verdict != DONE || res->action != ACTION_EXPANDED)
		history_result(&r->history, m->entry->id, &m->envelope,
		    m->file.size, res, m->attempts[i].via);
	if (res->verdict != DONE)
		log_result(m, i,
		    res->reported && m->envelope.from.len == 0 ? "dropped"
							       : "failed");
}

/* tries: of this recipient, or of all together at a destination that backs
 * off. */
static void
attempt_judge(struct runner *r, struct message *m, size_t i, unsigned tries,
    const struct circumstances *c)
{
	struct attempt *at = &m->attempts[i];
	struct result *res = &m->state.results[i];

	outcome_judge(c, &m->envelope.text, i, tries, res);
	/* A failure of the destination uses its back-off time. */
	if (res->verdict == TEMP && at->down &&
	    at->destination->backoff > res->at)
		res->next = at->destination->backoff;
	at->state = ATTEMPT_JUDGED;
	m->tried = true;
	result_tell(r, m, i);
	if (res->verdict == DONE && res->action == ACTION_EXPANDED)
		expand_apply(m, i);
}

/* A recipient skipped because its destination backs off may also have waited
 * too long. */
static void
skipped_judge(struct runner *r, struct message *m, size_t i,
    const struct circumstances *c)
{
	struct attempt *at = &m->attempts[i];
	struct result *res = &m->state.results[i];
	unsigned tries;

	if (at->destination == NULL ||
	    !destination_backs_off(at->destination, c->now))
		return;
	tries = res->attempts + at->destination->failures;
	if (!retry_over(c->birth, c->now, tries, c->queue_life) &&
	    (res->warn || m->entry->warned || !outcome_is_late(c)))
		return;
	res->at = c->now;
	res->index = i;
	res->verdict = TEMP;
	destination_why(at->destination, res);
	res->text = envelope_keep(&m->envelope, res->text);
	res->host = envelope_keep(&m->envelope, res->host);
	res->status = envelope_keep(&m->envelope, res->status);
	res->attempts++;
	at->down = true;
	attempt_list(m, i);
	attempt_judge(r, m, i, tries, c);
}

/* Something of it will have to wait. */
static bool
has_deferred(const struct message *m)
{
	for (size_t k = 0; k < m->answered_count; k++) {
		uint32_t i = m->answered[k];

		if (m->attempts[i].state == ATTEMPT_ANSWERED &&
		    m->state.results[i].verdict == TEMP)
			return true;
	}
	for (size_t i = 0; m->open == 0 && i < m->sorted; i++)
		if (m->attempts[i].state == ATTEMPT_SKIPPED)
			return true;
	return false;
}

void
judge_all(struct runner *r, struct message *m)
{
	struct circumstances c = { .envelope = &m->envelope,
		.birth = m->birth,
		.now = clock_wall_s(),
		.queue_life = r->limits.queue_life,
		.delay_warning = r->limits.delay_warning };
	uint32_t random = 0;

	if (has_deferred(m) &&
	    getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = 0;
	c.next = retry_next(m->birth, c.now, random);
	/* An expanded one adds what has failed at once to the list. */
	for (size_t k = 0; k < m->answered_count; k++) {
		uint32_t i = m->answered[k];

		if (m->attempts[i].state == ATTEMPT_ANSWERED)
			attempt_judge(
			    r, m, i, m->state.results[i].attempts, &c);
	}
	for (size_t i = 0; m->open == 0 && i < m->sorted; i++)
		if (m->attempts[i].state == ATTEMPT_SKIPPED)
			skipped_judge(r, m, i, &c);
	if (m->open == 0 && outcome_is_late(&c))
		m->entry->warned = true;
}

/* It is a place, and its address is not noted yet. */
static bool
is_new_place(const struct message *m, size_t i)
{
	const struct recipient *to = &m->envelope.recipients[i];

	return to->through.len > 0 &&
	    m->attempts[to->of].state == ATTEMPT_JUDGED &&
	    m->state.results[to->of].verdict == DONE &&
	    m->state.results[to->of].action == ACTION_EXPANDED;
}

static void
result_line(const struct message *m, size_t i, bool more, struct str *lines)
{
	struct result res = m->state.results[i];

	res.more = more;
	state_write_result(lines, &res);
}

/* Places in the order of their indices, each followed by its address's result,
 * which makes them valid. */
static void
places_write(const struct message *m, bool more, struct str *lines)
{
	const struct recipient *all = m->envelope.recipients;
	size_t n = m->envelope.count;

	for (size_t i = m->placed; i < n; i++) {
		if (!is_new_place(m, i))
			continue;
		state_write_place(lines, i, &all[i]);
		if (i + 1 == n || !is_new_place(m, i + 1) ||
		    all[i + 1].of != all[i].of)
			result_line(m, all[i].of, more, lines);
	}
}

/* Some recipient has no result at all. */
static bool
has_unheard(struct message *m)
{
	while (m->unheard < m->state.count &&
	    m->state.results[m->unheard].attempts > 0)
		m->unheard++;
	return m->unheard < m->state.count;
}

void
judge_lines(struct message *m, struct str *lines_r)
{
	bool more = has_unheard(m);

	str_clear(lines_r);
	places_write(m, more, lines_r);
	for (size_t k = 0; k < m->answered_count; k++) {
		uint32_t i = m->answered[k];

		if (m->attempts[i].state == ATTEMPT_JUDGED &&
		    m->state.results[i].places == 0)
			result_line(m, i, more, lines_r);
	}
}

void
judge_noted(struct message *m)
{
	size_t kept = 0;

	for (size_t k = 0; k < m->answered_count; k++) {
		struct attempt *at = &m->attempts[m->answered[k]];

		if (at->state == ATTEMPT_JUDGED)
			at->state = ATTEMPT_FINAL;
		else
			m->answered[kept++] = m->answered[k];
	}
	m->answered_count = kept;
	m->placed = m->envelope.count;
}
