#include "outcome.h"

#include "base/die.h"
#include "retry.h"
#include "spool/hold.h"

enum { GIVEN_UP = 69 /* EX_UNAVAILABLE */ };

const struct result outcome_removed = { .verdict = HOLD_REMOVED,
	.status = { "5.7.0", 5 },
	.text = { "removed by the administrator", 28 },
	.host = { "", 0 } };
const struct result outcome_loop = { .verdict = DATA,
	.status = { "5.4.6", 5 }, /* RFC 3463 3.5: routing loop detected */
	.text = { "alias loop: too many levels of expansion", 38 },
	.host = { "", 0 } };

static bool
notify_says(const struct recipient *to, struct span what)
{
	return span_find_case(to->notify, what) < to->notify.len;
}

/* RFC 3461 4.1: without NOTIFY failures are reported, and delays may be; NEVER
 * stands alone. */
static bool
is_told(const struct envelope *e, size_t i, struct span what)
{
	const struct recipient *to = &e->recipients[i];

	return to->notify.len == 0 || notify_says(to, what);
}

/* RFC 5321 4.5.5: no report on a report. An undeliverable report of our own
 * goes to the postmaster, about which no further report is made. */
static bool
failure_is_told(const struct envelope *e, size_t i)
{
	if (e->from.len > 0)
		return is_told(e, i, SPAN("FAILURE"));
	return span_equal(e->service, SPAN("bounce"));
}

bool
outcome_is_silent(const struct envelope *e, size_t i, const struct result *r)
{
	if (r->verdict != DONE)
		return !failure_is_told(e, i);
	return e->from.len == 0 ||
	    !notify_says(&e->recipients[i], SPAN("SUCCESS"));
}

static void
give_up(struct arena *a, struct result *r)
{
	struct str text = STR_INIT;

	str_add_text(&text, "given up after many tries; the last: ");
	str_add(&text, r->text);
	r->verdict = GIVEN_UP;
	r->status = SPAN("4.4.7"); /* RFC 3463 3.5: time expired */
	r->text = arena_copy(a, str_span(&text));
	r->reply = false;
	str_free(&text);
}

bool
outcome_is_late(const struct circumstances *c)
{
	return c->delay_warning > 0 && c->now > c->birth &&
	    (uint64_t)(c->now - c->birth) > c->delay_warning;
}

void
outcome_judge(const struct circumstances *c, struct arena *a, size_t index,
    unsigned tries, struct result *r)
{
	if (r->verdict == TEMP &&
	    retry_over(c->birth, r->at, tries, c->queue_life))
		give_up(a, r);
	if (r->verdict != TEMP) {
		r->reported = r->reported ||
		    outcome_is_silent(c->envelope, index, r);
		return;
	}
	r->next = c->next;
	if (!r->warn && outcome_is_late(c) && c->envelope->from.len > 0)
		r->warn = is_told(c->envelope, index, SPAN("DELAY"));
}
