/* The order of things at a message's end, so that a crash between any two of
 * them neither loses nor doubles a report: failures are noted in the state
 * file; the report, whose id is derived from the message's, goes into the
 * spool, but is held back; the message is unlinked, or the report noted; the
 * report is let go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "retry.h"
#include "runner.h"
#include "spool/blank.h"

enum {
	STUCK_MS = 15000, /* the state file can't be written: try again */
	REPORT_AGAIN_S = 60,
	GIVEN_UP = 69, /* EX_UNAVAILABLE */
};

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
	log_span(&l, "text", res->text);
	log_write(&l);
}

/* RFC 3461 4.1: without NOTIFY, failures are reported; NEVER stands alone. */
static bool
notify_wanted(const struct recipient *to, struct span what)
{
	return span_find_case(to->notify, what) < to->notify.len;
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
	str_free(&text);
}

/* An answer has come: what it means for the recipient. */
static void
result_judge(struct runner *r, struct work *w, size_t i, int64_t next)
{
	struct result *res = &w->results[i];
	const struct recipient *to = &w->envelope.recipients[i];
	bool null = w->envelope.from.len == 0;

	if (res->verdict == TEMP &&
	    retry_over(w->birth, res->at, res->attempts, r->limits.queue_life))
		result_give_up(w, res);
	if (res->verdict == TEMP) {
		res->next = next;
		log_result(w, i, "deferred");
	} else if (res->verdict == DONE) {
		res->reported = null || !notify_wanted(to, SPAN("SUCCESS"));
	} else {
		/* RFC 5321 4.5.5: no report on a report. */
		res->reported = null ||
		    (to->notify.len > 0 && !notify_wanted(to, SPAN("FAILURE")));
		log_result(w, i, null ? "dropped" : "failed");
	}
}

struct id
report_id(const char *id, enum state_report kind, const struct result *results,
    size_t count)
{
	struct str purpose = STR_INIT;
	struct id derived;

	str_add_text(&purpose, kind == REPORT_FAILED ? "failed" : "delivered");
	for (size_t i = 0; i < count; i++)
		if (state_due(kind, &results[i]))
			str_addf(&purpose, " %zu", i);
	derived = id_derive((struct span){ id, ID_LEN }, str_span(&purpose));
	str_free(&purpose);
	return derived;
}

static enum state_report
report_wanted(const struct work *w)
{
	enum state_report kind = REPORT_NONE;

	for (size_t i = 0; i < w->envelope.count; i++) {
		if (state_due(REPORT_FAILED, &w->results[i]))
			return REPORT_FAILED;
		if (state_due(REPORT_DELIVERED, &w->results[i]))
			kind = REPORT_DELIVERED;
	}
	return kind;
}

static bool
is_deferred(const struct work *w)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->results[i].verdict == TEMP)
			return true;
	return false;
}

/* Append to the state file the results of these slots. */
static int
results_note(struct runner *r, struct work *w, enum slot slot)
{
	struct result *noted = mem_resize(
	    NULL, w->envelope.count, sizeof *noted);
	size_t n = 0;
	int result = 0;

	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i] == slot)
			noted[n++] = w->results[i];
	if (n > 0) {
		w->noted = true;
		result = state_add(&r->spool, w->entry->id, noted, n);
	}
	free(noted);
	return result;
}

static void
work_stuck(struct runner *r, struct work *w)
{
	struct logline l;

	log_start(&l, "later");
	log_text(&l, "id", w->entry->id);
	log_text(&l, "what", "write the state file");
	log_errno(&l);
	log_write(&l);
	w->stuck_ms = clock_mono_ms() + STUCK_MS;
	r->in_hand--;
	list_push(&r->stuck, w);
}

/* The file may be written again: see spool/blank.h. */
static bool
is_blank(const struct runner *r, const struct work *w)
{
	return !r->once && !w->entry->again && w->entry->tries == 0 &&
	    w->deaths == 0 && !w->noted && w->message.size <= BLANK_SIZE_MAX;
}

/* Nothing is left to do: the message goes, then its state, so that a state file
 * without a message is a remainder, never the other way round. The directory
 * is not synced: a power cut may bring the message back, and then delivering it
 * again finds the names of the first time. */
static void
work_finish(struct runner *r, struct work *w)
{
	struct logline l;

	if (is_blank(r, w) && blank_give(&r->spool, w->entry->id)) {
		r->blanks = true;
		r->blank_ms = clock_mono_ms();
	} else if (unlinkat(r->spool.new, w->entry->id, 0) < 0 &&
	    errno != ENOENT) {
		log_start(&l, "later");
		log_text(&l, "id", w->entry->id);
		log_text(&l, "what", "remove the spool file");
		log_errno(&l);
		log_write(&l);
		w->entry->again = true;
		queue_wait(
		    &r->queue, w->entry, retry_next(0, 0, 0) + clock_wall_s());
		work_release(r, w);
		return;
	}
	if (w->noted)
		unlinkat(r->spool.state, w->entry->id, 0);
	queue_remove(&r->queue, w->entry);
	work_release(r, w);
}

static void
work_conclude(struct runner *r, struct work *w)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->results[i].verdict == TEMP && w->results[i].next < next)
			next = w->results[i].next;
	if (next == INT64_MAX) {
		work_finish(r, w);
		return;
	}
	w->entry->tries++;
	w->entry->again = false;
	queue_wait(&r->queue, w->entry, next);
	work_release(r, w);
}

/* Have the next report made, or go to the end. */
static void
work_report(struct runner *r, struct work *w)
{
	struct id id;

	w->report = report_wanted(w);
	w->report_sent = false;
	if (w->report == REPORT_NONE) {
		work_conclude(r, w);
		return;
	}
	id = report_id(w->entry->id, w->report, w->results, w->envelope.count);
	w->held = queue_find(&r->queue, (struct span){ id.text, ID_LEN });
	if (w->held == NULL)
		w->held = queue_add(
		    &r->queue, (struct span){ id.text, ID_LEN });
	queue_take_out(&r->queue, w->held, PLACE_HELD);
	work_send_later(r, w);
}

static void
answers_judge(struct runner *r, struct work *w)
{
	uint32_t random = 0;
	int64_t next;

	if (is_deferred(w) &&
	    getrandom(&random, sizeof random, 0) != sizeof random)
		random = 0;
	next = retry_next(w->birth, clock_wall_s(), random);
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i] == SLOT_ANSWERED)
			result_judge(r, w, i, next);
}

void
work_settle(struct runner *r, struct work *w)
{
	if (w->stuck_ms == 0)
		answers_judge(r, w);
	if ((is_deferred(w) || report_wanted(w) != REPORT_NONE) &&
	    results_note(r, w, SLOT_ANSWERED) < 0) {
		work_stuck(r, w);
		return;
	}
	for (size_t i = 0; i < w->envelope.count; i++)
		w->slots[i] = SLOT_FINAL;
	work_report(r, w);
}

/* The report lies in the spool: note that, then let it go. */
static bool
report_note(struct runner *r, struct work *w)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (state_due(w->report, &w->results[i])) {
			w->results[i].reported = true;
			w->slots[i] = SLOT_ANSWERED;
		}
	/* A message that is finished now is simply unlinked. */
	if (!is_deferred(w) && report_wanted(w) == REPORT_NONE)
		return true;
	return results_note(r, w, SLOT_ANSWERED) == 0;
}

void
work_reported(struct runner *r, struct work *w, bool done)
{
	struct entry *held = w->held;

	if (!done || !report_note(r, w)) {
		/* Everything is noted but that the report is made; making it
		 * again finds it there. */
		queue_remove(&r->queue, held);
		queue_wait(
		    &r->queue, w->entry, clock_wall_s() + REPORT_AGAIN_S);
		w->entry->again = true;
		work_release(r, w);
		return;
	}
	work_report(r, w);
	queue_renew(&r->queue, held);
}

void
work_abandon(struct runner *r, struct work *w)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i] == SLOT_ANSWERED)
			result_judge(r, w, i, clock_wall_s());
	results_note(r, w, SLOT_ANSWERED);
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i] == SLOT_ANSWERED)
			w->slots[i] = SLOT_FINAL;
}
