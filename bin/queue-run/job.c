/* The records that workers get. */
#include "base/record.h"
#include "runner.h"

static void
add_if(struct str *record, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(record, key, value);
}

static void
add_from(struct str *out, const struct work *w, size_t i)
{
	struct span own = w->slots[i].sender;

	record_add(out, "from", own.len > 0 ? own : w->envelope.from);
}

static void
add_attempt(struct str *out, const struct work *w, size_t i)
{
	record_add_number(out, "attempt",
	    1 + w->results[i].attempts + w->entry->again + w->deaths);
	record_add_number(out, "index", (int64_t)i);
}

static void
add_dsn(struct str *out, const struct work *w, size_t i)
{
	const struct recipient *to = &w->envelope.recipients[i];

	add_if(out, "notify", to->notify);
	add_if(out, "orcpt", to->orcpt);
}

static void
add_options(struct str *out, const struct envelope *e)
{
	add_if(out, "ret", e->ret);
	add_if(out, "envid", e->envid);
	add_if(out, "body", e->body);
	if (e->smtputf8)
		record_add_number(out, "smtputf8", 1);
	if (e->requiretls)
		record_add_number(out, "requiretls", 1);
}

void
job_write_sender(struct str *out, const struct work *w, size_t i)
{
	record_verb(out, "job");
	record_add_text(out, "id", w->entry->id);
	add_from(out, w, i);
	record_add_number(out, "birth", w->birth);
	add_options(out, &w->envelope);
}

void
job_write_recipient(struct str *out, const struct work *w, uint64_t n, size_t i)
{
	record_add(out, "to", w->envelope.recipients[i].address);
	record_add_number(out, "n", (int64_t)n);
	add_attempt(out, w, i);
	add_dsn(out, w, i);
}

void
job_write(struct str *out, const struct work *w, uint64_t n, size_t i)
{
	str_clear(out);
	record_verb(out, "job");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", w->entry->id);
	record_add(out, "to", w->envelope.recipients[i].address);
	add_from(out, w, i);
	record_add_number(out, "birth", w->birth);
	add_attempt(out, w, i);
	add_dsn(out, w, i);
	add_options(out, &w->envelope);
}

void
job_write_report(struct runner *r, const struct work *w, uint64_t n)
{
	struct str *out = &r->record;

	str_clear(out);
	record_verb(out, "report");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", w->entry->id);
	record_add_text(out, "as", w->held->id);
	record_add_text(out, "kind", report_name(w->report));
	if (w->envelope.from.len > 0) {
		record_add(out, "to", w->envelope.from);
		return;
	}
	/* A report that can't be delivered: see judge.c. */
	str_setf(&r->text, "postmaster@%s", r->users.me.at);
	record_add(out, "to", str_span(&r->text));
	record_add_number(out, "double", 1);
}
