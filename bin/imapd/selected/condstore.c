#include "selected/condstore.h"

#include "selected/sync.h"

static void
highest_tell(struct session *s, uint64_t modseq)
{
	io_putf(&s->io, "* OK [HIGHESTMODSEQ %llu] Highest\r\n",
	    (unsigned long long)modseq);
}

void
condstore_enable(struct session *s)
{
	if (s->enabled & ENABLED_CONDSTORE)
		return;
	s->enabled |= ENABLED_CONDSTORE;
	if (s->state == SELECTED)
		highest_tell(s, folder_modseq_reported(&s->folder));
}

void
modseq_add(struct session *s, struct str *out, const struct message *m)
{
	str_add(out, SPAN("MODSEQ ("));
	str_add_number(out, m->modseq);
	str_add_byte(out, ')');
	if (m->modseq > s->modseq_told)
		s->modseq_told = m->modseq;
}

/* RFC 7162 3.2.7 */
static void
reply_extend(struct session *s, uint64_t modseq)
{
	struct str reply = STR_INIT;
	struct span rest = str_span(&s->reply);

	if (!span_take_text(&rest, SPAN("OK ")))
		return;
	str_setf(
	    &reply, "OK [HIGHESTMODSEQ %llu] ", (unsigned long long)modseq);
	str_add(&reply, rest);
	str_set(&s->reply, str_span(&reply));
	str_free(&reply);
}

void
condstore_answer(struct session *s)
{
	uint64_t told = s->modseq_told, sure;
	bool due = s->modseq_due;

	s->modseq_told = 0;
	s->modseq_due = false;
	if (s->state != SELECTED)
		return;
	sure = folder_modseq_reported(&s->folder);
	if (due && (s->enabled & ENABLED_QRESYNC))
		reply_extend(s, sure);
	else if (told > sure)
		highest_tell(s, sure);
}
