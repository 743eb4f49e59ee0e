/* The order of things at a message's end, so that a crash between any two of
 * them neither loses nor doubles a report: failures are noted in the state
 * file; the report, whose id is derived from the message's, goes into the
 * spool, but is held back; the message is unlinked, or the report noted; the
 * report is let go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
	FULL_S = 30, /* its other recipients wait no longer than that */
};

struct id
report_id(const char *id, enum state_report kind, const struct result *results,
    size_t count)
{
	struct str purpose = STR_INIT;
	struct id derived;

	str_add_text(&purpose, report_name(kind));
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
		else if (kind == REPORT_NONE &&
		    state_due(REPORT_DELAYED, &w->results[i]))
			kind = REPORT_DELAYED;
	}
	return kind;
}

/* Something is left to be tried. */
static bool
is_open(const struct work *w)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->results[i].verdict == TEMP ||
		    w->results[i].attempts == 0)
			return true;
	return false;
}

static bool
has_slot(const struct work *w, enum slot_state state)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i].state == state)
			return true;
	return false;
}

/* Append to the state file the results of this pass; "more": there are others
 * that have none yet. */
static int
results_note(struct runner *r, struct work *w)
{
	struct result *noted;
	bool more = false;
	size_t n = 0;
	int result;

	if (!has_slot(w, SLOT_ANSWERED))
		return 0;
	noted = mem_resize(NULL, w->envelope.count, sizeof *noted);
	for (size_t i = 0; i < w->envelope.count; i++) {
		more = more || w->results[i].attempts == 0;
		if (w->slots[i].state == SLOT_ANSWERED)
			noted[n++] = w->results[i];
	}
	noted[n - 1].more = more;
	w->noted = true;
	result = state_add(&r->spool, w->entry->id, noted, n);
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

/* The spool file can't be removed: its state says that nothing is to be done
 * with it, so that it isn't sent again. */
static void
work_keep(struct runner *r, struct work *w)
{
	struct logline l;

	log_start(&l, "later");
	log_text(&l, "id", w->entry->id);
	log_text(&l, "what", "remove the spool file");
	log_errno(&l);
	log_write(&l);
	for (size_t i = 0; i < w->envelope.count; i++)
		w->slots[i].state = SLOT_ANSWERED;
	results_note(r, w);
	w->entry->again = true;
	entry_wait(r, w->entry, retry_next(0, 0, 0) + clock_wall_s());
	work_release(r, w);
}

/* Nothing is left to do: the message goes, then its state, so that a state file
 * without a message is a remainder, never the other way round. The directory
 * is not synced: a power cut may bring the message back, and then delivering it
 * again finds the names of the first time. */
static void
work_finish(struct runner *r, struct work *w)
{
	if (is_blank(r, w) && blank_give(&r->spool, w->entry->id)) {
		r->blanks = true;
		r->blank_ms = clock_mono_ms();
	} else if (unlinkat(r->spool.new, w->entry->id, 0) < 0 &&
	    errno != ENOENT) {
		work_keep(r, w);
		return;
	}
	if (w->noted)
		unlinkat(r->spool.state, w->entry->id, 0);
	entry_forget(r, w->entry);
	work_release(r, w);
}

/* When the message is due again; INT64_MAX: it is finished. */
static int64_t
next_time(const struct work *w)
{
	int64_t next = w->skipped;

	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->results[i].verdict == TEMP && w->results[i].next < next)
			next = w->results[i].next;
	return next;
}

static void
work_conclude(struct runner *r, struct work *w)
{
	struct entry *e = w->entry;
	int64_t next, soon = clock_wall_s() + FULL_S;

	if (!is_open(w)) {
		work_finish(r, w);
		return;
	}
	next = next_time(w);
	if (w->tried) {
		e->tries++;
		e->again = false;
	}
	e->forced = w->full != NULL && e->forced && !w->tried;
	e->wakes = false;
	entry_note_dests(r, w);
	e->many = e->dest == NULL;
	if (w->full == NULL)
		entry_wait(r, e, next);
	else if (r->once || next == INT64_MAX)
		entry_park(r, e, w->full);
	else
		entry_wait(r, e, next < soon ? next : soon);
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

void
work_settle(struct runner *r, struct work *w)
{
	if (w->stuck_ms == 0)
		answers_judge(r, w);
	if ((is_open(w) || report_wanted(w) != REPORT_NONE) &&
	    results_note(r, w) < 0) {
		work_stuck(r, w);
		return;
	}
	w->tried = w->tried || has_slot(w, SLOT_ANSWERED);
	for (size_t i = 0; i < w->envelope.count; i++)
		w->slots[i].state = SLOT_FINAL;
	work_report(r, w);
}

/* The report lies in the spool: note that, then let it go. */
static bool
report_note(struct runner *r, struct work *w)
{
	for (size_t i = 0; i < w->envelope.count; i++)
		if (state_due(w->report, &w->results[i])) {
			if (w->report == REPORT_DELAYED)
				w->results[i].warned = true;
			else
				w->results[i].reported = true;
			w->slots[i].state = SLOT_ANSWERED;
		}
	/* A message that is finished now is simply unlinked. */
	if (!is_open(w) && report_wanted(w) == REPORT_NONE)
		return true;
	return results_note(r, w) == 0;
}

void
work_reported(struct runner *r, struct work *w, bool done)
{
	struct entry *held = w->held;

	if (!done || !report_note(r, w)) {
		/* Everything is noted but that the report is made; making it
		 * again finds it there. */
		entry_forget(r, held);
		w->entry->again = true;
		entry_wait(r, w->entry, clock_wall_s() + REPORT_AGAIN_S);
		work_release(r, w);
		return;
	}
	work_report(r, w);
	queue_renew(&r->queue, held);
}

void
work_abandon(struct runner *r, struct work *w)
{
	answers_judge(r, w);
	results_note(r, w);
	for (size_t i = 0; i < w->envelope.count; i++)
		if (w->slots[i].state == SLOT_ANSWERED)
			w->slots[i].state = SLOT_FINAL;
}
