#include "finish.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "entry.h"
#include "judge.h"
#include "retry.h"
#include "spool/blank.h"

enum {
	STUCK_MS = 5000, /* pause before a failed write is retried */
	REPORT_AGAIN_S = 60,
	FULL_S = 30,       /* its other recipients wait no longer than that */
	BLANK_MAX = 65536, /* larger files are removed, not kept as blanks */
};

void
finish_release(struct runner *r, struct message *m)
{
	for (size_t i = 0; i < m->envelope.count && i < m->sorted; i++)
		if (m->attempts[i].destination != NULL)
			destination_drop(
			    &r->destinations, m->attempts[i].destination);
	message_release(&r->hand, m);
}

static void
message_log(const struct message *m, const char *event, const char *what)
{
	struct logline l;

	log_start(&l, event);
	log_text(&l, "id", m->entry->id);
	log_text(&l, "what", what);
	log_errno(&l);
	log_write(&l);
}

static void
message_stick(struct runner *r, struct message *m)
{
	message_log(m, "stuck", "write the state file");
	m->stuck_ms = clock_mono_ms() + STUCK_MS;
	message_push(&r->stuck, m);
}

/* Append lines to its state, safe with the next sync. False: it is stuck. */
static bool
message_note(struct runner *r, struct message *m, struct span lines)
{
	if (lines.len == 0)
		return true;
	m->noted = true;
	if (journal_add(&r->journal, m->entry->id, lines) < 0) {
		message_stick(r, m);
		return false;
	}
	m->unsynced = true;
	return true;
}

/* --- the end */

/* The file may be written again: see spool/blank.h. */
static bool
is_blank(const struct runner *r, const struct message *m)
{
	return !r->once && !m->entry->again && m->entry->tries == 0 &&
	    m->deaths == 0 && !m->noted && m->file.size <= BLANK_MAX;
}

/* The spool file can't be removed: record in its state that it is finished, so
 * that it isn't sent again. Returns like a step. */
static bool
message_keep(struct runner *r, struct message *m)
{
	message_log(m, "later", "remove the spool file");
	judge_lines(m, &r->text);
	if (m->made)
		state_write_reported(
		    &r->text, &m->state.reports[m->state.report_count - 1].id);
	if (!message_note(r, m, str_span(&r->text)))
		return false;
	judge_noted(m);
	m->phase = PHASE_KEPT;
	return true;
}

static void
report_let_go(struct runner *r, struct message *m)
{
	if (m->held != NULL)
		queue_renew(&r->queue, m->held);
	m->held = NULL;
}

static bool
step_kept(struct runner *r, struct message *m)
{
	report_let_go(r, m);
	m->entry->again = true;
	entry_wait(r, m->entry, retry_next(0, 0, 0) + clock_wall_s());
	finish_release(r, m);
	return false;
}

/* All is done: remove the message, then its state, so that a crash leaves a
 * state file without a message, never the reverse. The directory is not synced:
 * a power cut may bring the message back, and the repeated delivery then finds
 * the names of the first one. */
static bool
message_end(struct runner *r, struct message *m)
{
	if (is_blank(r, m) && blank_give(&r->spool, m->entry->id)) {
		r->blanks = true;
		r->blank_ms = clock_mono_ms();
	} else if (unlinkat(r->spool.new, m->entry->id, 0) < 0 &&
	    errno != ENOENT)
		return message_keep(r, m);
	if (m->noted)
		unlinkat(r->spool.state, m->entry->id, 0);
	report_let_go(r, m);
	entry_forget(r, m->entry);
	finish_release(r, m);
	return false;
}

/* When the message is due again; INT64_MAX: never. */
static int64_t
next_time(const struct message *m)
{
	int64_t next = m->skipped;

	for (size_t i = 0; i < m->state.count; i++) {
		const struct result *res = &m->state.results[i];

		if (res->attempts > 0 && res->verdict == TEMP &&
		    res->next < next)
			next = res->next;
	}
	return next;
}

static void
message_wait(struct runner *r, struct message *m)
{
	struct entry *e = m->entry;
	int64_t next = next_time(m), soon = clock_wall_s() + FULL_S;

	if (m->tried) {
		if (e->tries < UINT16_MAX)
			e->tries++;
		e->again = false;
	}
	e->forced = m->full != NULL && e->forced && !m->tried;
	e->wakes = false;
	entry_note_destinations(r, m);
	e->many = e->destination == NULL;
	report_let_go(r, m);
	if (m->full == NULL)
		entry_wait(r, e, next);
	else if (r->once || next == INT64_MAX)
		entry_park(r, e, m->full);
	else
		entry_wait(r, e, next < soon ? next : soon);
	finish_release(r, m);
}

/* --- reports */

static enum state_report
report_wanted(const struct message *m)
{
	enum state_report kind = REPORT_NONE;

	for (size_t i = 0; i < m->state.count; i++) {
		const struct result *res = &m->state.results[i];

		if (state_due(REPORT_FAILED, res))
			return REPORT_FAILED;
		if (state_due(REPORT_DELIVERED, res))
			kind = REPORT_DELIVERED;
		else if (kind == REPORT_NONE && state_due(REPORT_DELAYED, res))
			kind = REPORT_DELAYED;
	}
	return kind;
}

/* Derived, so that a repetition after a crash gives the same report. */
static struct id
report_id(const struct message *m, enum state_report kind)
{
	struct str purpose = STR_INIT;
	struct id id;

	str_addf(&purpose, "%s %zu", state_report_word(kind),
	    m->state.report_count + 1);
	id = id_derive(
	    (struct span){ m->entry->id, ID_LEN }, str_span(&purpose));
	str_free(&purpose);
	return id;
}

/* Every result is safe: decide on the next report, or go to the end. */
static bool
step_settled(struct runner *r, struct message *m)
{
	enum state_report kind = report_wanted(m);
	struct id id;

	if (state_open_report(&m->state) > 0) {
		m->phase = PHASE_DECIDED; /* by an earlier process */
		return true;
	}
	if (kind == REPORT_NONE) {
		if (!message_is_open(m))
			return message_end(r, m);
		message_wait(r, m);
		return false;
	}
	id = report_id(m, kind);
	str_clear(&r->text);
	state_write_report(&r->text, kind, &id);
	if (!message_note(r, m, str_span(&r->text)))
		return false;
	state_take_report(&m->state, kind, &id);
	m->phase = PHASE_DECIDED;
	return true;
}

/* The report's id is safe. Its entry is held until it is also safely noted as
 * made. */
static bool
step_decided(struct runner *r, struct message *m)
{
	const struct state_made *report =
	    &m->state.reports[state_open_report(&m->state) - 1];
	struct span id = { report->id.text, ID_LEN };

	m->held = queue_find(&r->queue, id);
	if (m->held == NULL)
		m->held = queue_add(&r->queue, id);
	queue_take_out(&r->queue, m->held, PLACE_HELD);
	m->phase = PHASE_REPORTING;
	m->asked = m->made = false;
	message_push(&r->reports, m);
	return false;
}

static bool
is_last_step(const struct message *m, uint32_t report)
{
	for (size_t i = 0; i < m->state.count; i++) {
		const struct result *res = &m->state.results[i];

		if (!result_is_final(res) || state_due(REPORT_FAILED, res) ||
		    state_due(REPORT_DELIVERED, res) ||
		    (res->report != 0 && res->report != report))
			return false;
	}
	return true;
}

/* The helper has answered. */
static bool
step_reporting(struct runner *r, struct message *m)
{
	uint32_t report = state_open_report(&m->state);

	if (!m->asked)
		return false;
	if (!m->made) {
		entry_forget(r, m->held);
		m->held = NULL;
		m->entry->again = true;
		entry_wait(r, m->entry, clock_wall_s() + REPORT_AGAIN_S);
		finish_release(r, m);
		return false;
	}
	/* A message that is finished now is simply unlinked. */
	if (!is_last_step(m, report)) {
		str_clear(&r->text);
		state_write_reported(
		    &r->text, &m->state.reports[report - 1].id);
		if (!message_note(r, m, str_span(&r->text)))
			return false;
	}
	state_made_report(&m->state, report);
	m->phase = PHASE_REPORTED;
	return true;
}

static bool
step_reported(struct runner *r, struct message *m)
{
	if (message_is_open(m) || report_wanted(m) != REPORT_NONE ||
	    state_open_report(&m->state) > 0)
		report_let_go(r, m);
	m->phase = PHASE_SETTLED;
	return true;
}

/* --- results */

/* All is done without a report: nothing needs to be noted. */
static bool
is_done(const struct message *m)
{
	return m->open == 0 && !message_is_open(m) &&
	    report_wanted(m) == REPORT_NONE &&
	    state_open_report(&m->state) == 0;
}

static bool
step_trying(struct runner *r, struct message *m)
{
	judge_all(r, m);
	if (is_done(m))
		return message_end(r, m);
	judge_lines(m, &r->text);
	if (!message_note(r, m, str_span(&r->text)))
		return false;
	judge_noted(m);
	if (m->unsynced)
		return true;
	if (m->sorted < m->envelope.count && !r->closing) {
		message_push(&r->unsorted, m);
		return false;
	}
	if (m->open > 0)
		return false;
	m->phase = PHASE_SETTLED;
	return true;
}

void
finish_step(struct runner *r, struct message *m)
{
	static bool (*const steps[])(struct runner * r, struct message * m) = {
		[PHASE_TRYING] = step_trying,
		[PHASE_SETTLED] = step_settled,
		[PHASE_DECIDED] = step_decided,
		[PHASE_REPORTING] = step_reporting,
		[PHASE_REPORTED] = step_reported,
		[PHASE_KEPT] = step_kept,
	};

	m->stuck_ms = 0;
	while (steps[m->phase](r, m))
		if (m->unsynced) {
			message_push(&r->noted, m);
			return;
		}
}

void
finish_synced(struct runner *r)
{
	struct message *m;

	while ((m = message_pop(&r->noted)) != NULL) {
		m->unsynced = false;
		message_push(&r->ready, m);
	}
}

void
finish_stuck(struct runner *r, bool now)
{
	int64_t time = clock_mono_ms();

	for (size_t n = r->stuck.count; n > 0; n--) {
		struct message *m = message_pop(&r->stuck);

		if (now || m->stuck_ms <= time)
			finish_step(r, m);
		else
			message_push(&r->stuck, m);
	}
}

void
finish_all(struct runner *r)
{
	struct message *m;

	while ((m = message_pop(&r->unsorted)) != NULL)
		message_push(&r->ready, m);
	finish_stuck(r, true);
	while ((m = message_pop(&r->ready)) != NULL)
		finish_step(r, m);
}
