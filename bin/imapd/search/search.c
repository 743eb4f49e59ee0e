/* SEARCH (RFC 3501 6.4.4, RFC 9051 6.4.4) and CANCELUPDATE (RFC 5267 4.3.5). */
#include "search/search.h"

#include "answer.h"
#include "command.h"
#include "search/searching.h"

/* RFC 3501 7.2.5 */
static void
search_put(struct session *s, const struct finding *e)
{
	struct str *out = &s->text;

	str_set(out, SPAN("* SEARCH"));
	for (size_t i = 0; i < e->found->count; i++) {
		str_add_byte(out, ' ');
		str_add_number(out, finding_number(e, i));
	}
	finding_modseq_add(out, e);
	str_add_text(out, "\r\n");
	io_put(&s->io, str_span(out));
}

/* Without RETURN: RFC 3501's response, or RFC 9051 6.4.4's. */
static unsigned
default_returns(const struct session *s)
{
	return s->enabled & ENABLED_REV2 ? RETURN_GIVEN | RETURN_ALL : 0;
}

void
cmd_search(struct session *s)
{
	struct finding e = { .f = &s->folder, .uid = s->uid };
	struct searching x;
	struct chosen found;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!searching_start(s, &x) || !searching_keys(s, &x, CHARSET_OPTIONAL))
		return;
	if (x.returns.what == 0)
		x.returns.what = default_returns(s);
	search_bind(&x.q, s, &s->folder, searching_arena(s, &x));
	search_find(s, &s->folder, &x.q, &x.returns, &s->arena, &found);
	e.found = &found;
	e.modseq = x.q.has_modseq;
	if (!(x.returns.what & RETURN_GIVEN))
		search_put(s, &e);
	searching_end(s, &x, NULL, &e);
}

/* 1*(SP quoted) */
void
cmd_cancelupdate(struct session *s)
{
	struct parser *p = &s->parser;
	struct span tags[CONTEXTS_MAX];
	size_t n = 0;

	do {
		if (n == COUNT(tags) || !parse_space(p) ||
		    !parse_astring(p, &tags[n++])) {
			answer_syntax(s);
			return;
		}
	} while (p->rest.len > 0);
	if (!argument_end(s))
		return;
	for (size_t i = 0; i < n; i++)
		context_cancel(s, tags[i]);
	answer(s, RESULT_OK, "CANCELUPDATE completed");
}
