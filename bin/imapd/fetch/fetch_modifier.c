/* FETCH's modifiers (RFC 4466 2.4.1): PARTIAL (RFC 9394 3.3), CHANGEDSINCE and
 * VANISHED (RFC 7162 3.1.4.1 and 3.2.6). */
#include "fetch/fetch.h"

static bool
take_modifier(struct session *s, struct fetch_modifiers *m)
{
	struct parser *p = &s->parser;

	/* Only with UID FETCH, and once. */
	if (s->uid && !m->has_partial && session_offers(s, "PARTIAL") &&
	    parse_is(p, "PARTIAL")) {
		m->has_partial = true;
		return parse_space(p) && partial_take(p, &m->partial);
	}
	if (!m->has_since && session_offers(s, "CONDSTORE") &&
	    parse_is(p, "CHANGEDSINCE")) {
		m->has_since = true;
		/* Apple Mail sends 0. */
		return parse_space(p) && parse_number64(p, &m->since);
	}
	if (s->uid && !m->vanished && (s->enabled & ENABLED_QRESYNC) &&
	    parse_is(p, "VANISHED")) {
		m->vanished = true;
		return true;
	}
	return false;
}

bool
fetch_modifiers_take(struct session *s, struct fetch_modifiers *m_r)
{
	struct parser *p = &s->parser;

	*m_r = (struct fetch_modifiers){ .has_partial = false };
	if (!span_take_text(&p->rest, SPAN(" (")))
		return true;
	do {
		if (!take_modifier(s, m_r))
			return false;
	} while (parse_space(p));
	return (m_r->has_since || !m_r->vanished) && parse_byte(p, ')');
}

void
fetch_modifiers_apply(
    struct session *s, const struct fetch_modifiers *x, struct chosen *c)
{
	size_t from = 0, to = c->count;

	if (x->has_partial)
		partial_apply(&x->partial, c->count, &from, &to);
	c->at += from;
	c->count = to - from;
	if (!x->has_since)
		return;
	/* RFC 9394 3.4: of those. */
	from = 0;
	for (size_t i = 0; i < c->count; i++) {
		struct message m = folder_message(&s->folder, c->at[i]);

		if (m.modseq > x->since && !m.gone)
			c->at[from++] = c->at[i];
	}
	c->count = from;
}
