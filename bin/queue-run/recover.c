#include "recover.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "outcome.h"

struct recovery {
	struct runner *runner;
	const char *wanted; /* id of the message that is about to be tried */
	struct envelope envelope;
	struct state state;
	char id[ID_LEN + 1]; /* the message of these two; empty: none */
	int found;           /* what message_find() said of it */
	struct str lines;
	int error; /* errno of the first failure */
};

/* Its envelope and its state, if it is there: 1; 0: it is not; -1 and errno. */
static int
message_read(struct recovery *v, const char *id)
{
	struct spool from = v->runner->spool;
	struct spool_message m;
	enum spool_found found = spool_read(&from, id, &m, &v->envelope, NULL);

	if (found == SPOOL_GONE) {
		from.new = from.hold;
		found = spool_read(&from, id, &m, &v->envelope, NULL);
	}
	if (found != SPOOL_WHOLE)
		return found == SPOOL_LATER ? -1 : 0;
	close(m.fd);
	return state_read(&v->runner->spool, id, &v->envelope, &v->state) < 0
	    ? -1
	    : 1;
}

/* The same, cached: notes of one message are mostly consecutive, and re-reading
 * it for each would take quadratic time. */
static int
message_find(struct recovery *v, const char *id)
{
	if (v->found <= 0 || strcmp(v->id, id) != 0) {
		v->found = message_read(v, id);
		memcpy(v->id, id, sizeof v->id);
	}
	return v->found;
}

static void
note_log(const struct recovery *v, const char *id, const struct result *r)
{
	struct logline l;

	log_start(&l, "noted");
	log_text(&l, "id", id);
	log_span(&l, "to", v->envelope.recipients[r->index].address);
	log_number(&l, "verdict", r->verdict);
	log_span(&l, "status", r->status);
	log_write(&l);
}

/* Add its line, unless it has a final one. */
static int
result_add(struct recovery *v, const char *id, struct result *r)
{
	struct result *old = &v->state.results[r->index];

	if (result_is_final(old))
		return 0;
	r->at = clock_wall_s();
	r->more = true;
	r->attempts = old->attempts + 1;
	r->reported = r->reported ||
	    outcome_is_silent(&v->envelope, r->index, r);
	str_clear(&v->lines);
	state_write_result(&v->lines, r);
	if (journal_add(&v->runner->journal, id, str_span(&v->lines)) < 0)
		return -1;
	note_log(v, id, r);
	history_result(&v->runner->history, id, &v->envelope, 0, r, SPAN(""));
	/* The spans point into the note, which does not last. */
	*old = (struct result){ .index = r->index,
		.verdict = r->verdict,
		.attempts = r->attempts };
	return 0;
}

/* An unreadable message does not block others: its notes are kept, and it is
 * not tried. */
static int
note_take(void *recovery, const struct id *id, struct result *r)
{
	struct recovery *v = recovery;
	int found = message_find(v, id->text);

	if (found < 0) {
		if (v->wanted != NULL && strcmp(v->wanted, id->text) == 0)
			v->error = errno;
		return -1;
	}
	if (found == 1 && r->index < v->state.count &&
	    result_add(v, id->text, r) < 0) {
		v->error = errno;
		return -1;
	}
	return 0;
}

int
recover_notes(struct runner *r, const char *id)
{
	struct recovery v = { .runner = r, .wanted = id, .lines = STR_INIT };

	envelope_init(&v.envelope);
	state_init(&v.state);
	notes_read(&r->notes, note_take, &v);
	if (v.error == 0 && journal_sync(&r->journal) < 0)
		v.error = errno;
	if (v.error == 0)
		notes_taken(&r->notes);
	envelope_free(&v.envelope);
	state_free(&v.state);
	str_free(&v.lines);
	errno = v.error;
	return v.error == 0 ? 0 : -1;
}
