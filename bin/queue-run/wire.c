#include "wire.h"

#include "base/record.h"

static void
add_if(struct str *record, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(record, key, value);
}

static void
add_from(struct str *out, const struct message *m, size_t i)
{
	struct span own = m->attempts[i].sender;

	record_add(out, "from", own.len > 0 ? own : m->envelope.from);
}

static void
add_recipient(const struct wire *x, const struct message *m, size_t i)
{
	const struct recipient *to = &m->envelope.recipients[i];
	struct note_token token = note_token(
	    x->key, (struct span){ m->entry->id, ID_LEN }, i);

	record_add_number(x->out, "attempt",
	    1 + m->state.results[i].attempts + m->entry->again + m->deaths);
	record_add_number(x->out, "index", (int64_t)i);
	record_add_text(x->out, "token", token.text);
	add_if(x->out, "notify", to->notify);
	add_if(x->out, "orcpt", to->orcpt);
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

static void
add_place(struct str *out, const struct recipient *to)
{
	add_if(out, "for", to->through);
	if (to->kind != RECIPIENT_ADDRESS)
		record_add_text(out, "kind", recipient_kind_word(to->kind));
	if (to->kind == RECIPIENT_PIPE) {
		record_add_number(out, "order", to->order);
		record_add(out, "command", to->command);
	}
}

void
wire_local(const struct wire *x, const struct message *m, uint64_t n, size_t i)
{
	struct str *out = x->out;

	str_clear(out);
	record_verb(out, "job");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", m->entry->id);
	record_add(out, "to", m->envelope.recipients[i].address);
	add_from(out, m, i);
	record_add_number(out, "birth", m->birth);
	add_place(out, &m->envelope.recipients[i]);
	add_recipient(x, m, i);
	add_options(out, &m->envelope);
}

void
wire_remote(const struct wire *x, const struct transaction *t, uint64_t n,
    struct span domain)
{
	const struct message *m = t->message;
	const struct recipient *all = m->envelope.recipients;
	struct str *out = x->out;

	str_clear(out);
	record_verb(out, "job");
	record_add_text(out, "id", m->entry->id);
	add_from(out, m, t->first);
	record_add_number(out, "birth", m->birth);
	add_if(out, "for", all[t->first].through);
	add_options(out, &m->envelope);
	record_add(out, "domain", domain);
	record_end(out);
	for (size_t k = 0, i = t->first; k < t->count; k++) {
		record_add(out, "to", all[i].address);
		record_add_number(out, "n", (int64_t)(n + k));
		add_recipient(x, m, i);
		record_end(out);
		i = m->attempts[i].next;
	}
}

void
wire_report(
    const struct wire *x, const struct message *m, uint64_t n, struct span me)
{
	const struct state_made *report =
	    &m->state.reports[state_open_report(&m->state) - 1];
	struct str *out = x->out, postmaster = STR_INIT;

	str_clear(out);
	record_verb(out, "report");
	record_add_number(out, "n", (int64_t)n);
	record_add_text(out, "id", m->entry->id);
	record_add_text(out, "as", report->id.text);
	record_add_text(out, "kind", state_report_word(report->kind));
	if (m->envelope.from.len > 0) {
		record_add(out, "to", m->envelope.from);
		return;
	}
	/* A report that can't be delivered: see outcome.h. */
	str_add_text(&postmaster, "postmaster@");
	str_add(&postmaster, me);
	record_add(out, "to", str_span(&postmaster));
	record_add_number(out, "double", 1);
	str_free(&postmaster);
}
