#include "search/search_answer.h"

uint32_t
finding_number(const struct finding *e, size_t i)
{
	uint32_t at = e->found->at[i];

	return e->uid ? folder_message(e->f, at).uid : at + 1;
}

void
finding_set_add(
    struct str *out, const struct finding *e, size_t from, size_t to)
{
	const char *between = "";

	while (from < to) {
		uint32_t low = finding_number(e, from++), high = low;

		while (from < to && finding_number(e, from) == high + 1) {
			high++;
			from++;
		}
		str_add_text(out, between);
		str_add_number(out, low);
		if (high > low) {
			str_add_byte(out, ':');
			str_add_number(out, high);
		}
		between = ",";
	}
}

/* The highest of those from from to to - 1. */
static uint64_t
modseq_highest(const struct finding *e, size_t from, size_t to)
{
	uint64_t highest = 0;

	for (; from < to; from++) {
		struct message m = folder_message(e->f, e->found->at[from]);

		if (m.modseq > highest)
			highest = m.modseq;
	}
	return highest;
}

void
finding_modseq_add(struct str *out, const struct finding *e)
{
	if (e->modseq && e->found->count > 0)
		str_addf(out, " (MODSEQ %llu)",
		    (unsigned long long)modseq_highest(e, 0, e->found->count));
}

/* RFC 7162 3.1.10: of the least or last one, if only they are told. */
static uint64_t
modseq_of(const struct returns *r, const struct finding *e)
{
	size_t n = e->found->count;
	uint64_t a = 0, b = 0;

	if (!(r->what & (RETURN_MIN | RETURN_MAX)) ||
	    (r->what & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL)))
		return modseq_highest(e, 0, n);
	if (r->what & RETURN_MIN)
		a = modseq_highest(e, 0, 1);
	if (r->what & RETURN_MAX)
		b = modseq_highest(e, n - 1, n);
	return a > b ? a : b;
}

/* RFC 7377 2.1: its correlators. */
void
esearch_start(struct session *s, const struct finding *e, struct span tag)
{
	struct str *out = &s->text;

	str_set(out, SPAN("* ESEARCH (TAG \""));
	str_add(out, tag);
	str_add_byte(out, '"');
	if (e->mailbox.at != NULL) {
		str_add_text(out, " MAILBOX ");
		mailbox_name_add(s, out, e->mailbox);
		str_addf(out, " UIDVALIDITY %u", e->f->uidvalidity);
	}
	str_add_text(out, e->uid ? ") UID" : ")");
}

static void
partial_put(struct str *out, const struct partial *p, const struct finding *e)
{
	size_t from, to;

	partial_apply(p, e->found->count, &from, &to);
	str_add_text(out, " PARTIAL (");
	partial_add(out, p);
	str_add_byte(out, ' ');
	if (from < to)
		finding_set_add(out, e, from, to);
	else
		str_add_text(out, "NIL");
	str_add_byte(out, ')');
}

void
esearch_put(struct session *s, const struct returns *r, const struct finding *e)
{
	struct str *out = &s->text;
	size_t n = e->found->count;

	/* RFC 5182 1: SAVE alone is quiet. */
	if (r->what == (RETURN_GIVEN | RETURN_SAVE))
		return;
	esearch_start(s, e, s->tag);
	if ((r->what & RETURN_MIN) && n > 0)
		str_addf(out, " MIN %u", finding_number(e, 0));
	if ((r->what & RETURN_MAX) && n > 0)
		str_addf(out, " MAX %u", finding_number(e, n - 1));
	if (r->what & RETURN_COUNT)
		str_addf(out, " COUNT %zu", n);
	if ((r->what & RETURN_ALL) && n > 0) {
		str_add_text(out, " ALL ");
		finding_set_add(out, e, 0, n);
	}
	if (r->what & RETURN_PARTIAL)
		partial_put(out, &r->partial, e);
	if (e->modseq && n > 0)
		str_addf(
		    out, " MODSEQ %llu", (unsigned long long)modseq_of(r, e));
	str_add_text(out, "\r\n");
	io_put(&s->io, str_span(out));
}
