/* What an answer means for a recipient: is it finished, who is told. */
#include <sys/random.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "retry.h"
#include "runner.h"

enum { GIVEN_UP = 69 /* EX_UNAVAILABLE */ };

static void
log_result(const struct work *w, size_t i, const char *event)
{
	const struct result *res = &w->results[i];
	struct logline l;

	log_start(&l, event);
	log_text(&l, "id", w->entry->id);
	log_span(&l, "to", w->envelope.recipients[i].address);
	log_span(&l, "from", w->envelope.from);
	log_number(&l, "verdict", res->verdict);
	log_span(&l, "status", res->status);
	if (res->verdict == TEMP)
		log_number(&l, "next", res->next);
	if (res->host.len > 0)
		log_span(&l, "host", res->host);
	log_span(&l, "text", res->text);
	log_write(&l);
}

static bool
notify_says(const struct recipient *to, struct span what)
{
	return span_find_case(to->notify, what) < to->notify.len;
}

/* RFC 3461 4.1: without NOTIFY failures are reported, and delays may be; NEVER
 * stands alone. */
static bool
is_told(const struct work *w, size_t i, struct span what)
{
	const struct recipient *to = &w->envelope.recipients[i];

	return to->notify.len == 0 || notify_says(to, what);
}

/* RFC 5321 4.5.5: no report on a report. One of our own that can't be delivered
 * goes to the postmaster; what becomes of that is nobody's business. */
static bool
failure_is_told(const struct work *w, size_t i)
{
	if (w->envelope.from.len > 0)
		return is_told(w, i, SPAN("FAILURE"));
	return span_equal(w->envelope.service, SPAN("bounce"));
}

static void
result_give_up(struct work *w, struct result *res)
{
	struct str text = STR_INIT;

	str_add_text(&text, "given up after many tries; the last: ");
	str_add(&text, res->text);
	res->verdict = GIVEN_UP;
	res->status = SPAN("4.4.7"); /* RFC 3463 3.5: time expired */
	res->text = envelope_keep(&w->envelope, str_span(&text));
	res->reply = false;
	str_free(&text);
}

static bool
is_late(const struct runner *r, int64_t birth, int64_t now)
{
	return r->limits.delay_warning > 0 && now > birth &&
	    (uint64_t)(now - birth) > r->limits.delay_warning;
}

static void
result_defer(struct runner *r, struct work *w, size_t i, int64_t next)
{
	struct result *res = &w->results[i];
	const struct slot *slot = &w->slots[i];

	/* What is about the destination goes by its time. */
	res->next = slot->down && slot->dest->rest > res->at ? slot->dest->rest
							     : next;
	if (!res->warn && is_late(r, w->birth, res->at) &&
	    w->envelope.from.len > 0)
		res->warn = is_told(w, i, SPAN("DELAY"));
	log_result(w, i, "deferred");
}

/* An answer has come. tries: of this recipient, or of all together at a
 * destination that rests. */
static void
result_judge(
    struct runner *r, struct work *w, size_t i, unsigned tries, int64_t next)
{
	struct result *res = &w->results[i];

	if (res->verdict == TEMP &&
	    retry_over(w->birth, res->at, tries, r->limits.queue_life))
		result_give_up(w, res);
	if (res->verdict == TEMP) {
		result_defer(r, w, i, next);
		return;
	}
	history_result(&r->history, w->entry->id, &w->envelope, w->message.size,
	    res, w->slots[i].via);
	if (res->verdict == DONE) {
		res->reported = res->reported || w->envelope.from.len == 0 ||
		    !notify_says(&w->envelope.recipients[i], SPAN("SUCCESS"));
		return;
	}
	res->reported = !failure_is_told(w, i);
	log_result(w, i,
	    res->reported && w->envelope.from.len == 0 ? "dropped" : "failed");
}

/* A recipient that was not tried, since its destination rests: it has waited
 * too long all the same. */
static void
skipped_judge(struct runner *r, struct work *w, size_t i, int64_t next)
{
	struct slot *slot = &w->slots[i];
	struct result *res = &w->results[i];
	int64_t now = clock_wall_s();
	unsigned tries;

	if (slot->dest == NULL || !dest_rests(slot->dest, now))
		return;
	tries = res->attempts + slot->dest->failures;
	if (!retry_over(w->birth, now, tries, r->limits.queue_life) &&
	    (res->warn || w->entry->warned || !is_late(r, w->birth, now)))
		return;
	res->at = now;
	res->index = i;
	res->verdict = TEMP;
	dest_why(slot->dest, res);
	res->text = envelope_keep(&w->envelope, res->text);
	res->host = envelope_keep(&w->envelope, res->host);
	res->status = envelope_keep(&w->envelope, res->status);
	res->attempts++;
	slot->state = SLOT_ANSWERED;
	slot->down = true;
	result_judge(r, w, i, tries, next);
}

static bool
has_deferred(const struct work *w)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->results[i].verdict == TEMP)
			return true;
	return false;
}

void
answers_judge(struct runner *r, struct work *w)
{
	int64_t now = clock_wall_s(), next;
	uint32_t random = 0;

	if (has_deferred(w) &&
	    getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = 0;
	next = retry_next(w->birth, now, random);
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i].state == SLOT_ANSWERED)
			result_judge(r, w, i, w->results[i].attempts, next);
		else if (w->slots[i].state == SLOT_SKIPPED)
			skipped_judge(r, w, i, next);
	if (is_late(r, w->birth, now))
		w->entry->warned = true;
}

int64_t
judge_late_at(const struct runner *r, const struct entry *e, int64_t now)
{
	int64_t birth = id_birth_ms((struct span){ e->id, ID_LEN }) / 1000;
	int64_t warning = birth + (int64_t)r->limits.delay_warning + 1;
	int64_t end = birth + (int64_t)r->limits.queue_life + 1;

	if (!e->warned && r->limits.delay_warning > 0 && warning > now)
		return warning;
	return end > now ? end : INT64_MAX;
}

bool
judge_late(const struct runner *r, const struct entry *e, int64_t now)
{
	int64_t birth = id_birth_ms((struct span){ e->id, ID_LEN }) / 1000;

	return (!e->warned && is_late(r, birth, now)) ||
	    (now > birth && (uint64_t)(now - birth) > r->limits.queue_life);
}
