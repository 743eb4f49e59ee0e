#include "search/searching.h"

#include "answer.h"
#include "search/search_saved.h"
#include "selected/condstore.h"

/* Free the context that was not started, and all that lives in it. */
static void
drop(struct session *s, struct searching *x)
{
	s->parser.arena = &s->arena;
	if (x->context != NULL)
		context_drop(x->context);
	x->context = NULL;
}

void
searching_refuse(struct session *s, struct searching *x)
{
	answer_syntax(s);
	drop(s, x);
}

void
searching_refuse_as(struct session *s, struct searching *x, const char *text)
{
	answer(s, RESULT_BAD, "%s", text);
	drop(s, x);
}

bool
searching_start(struct session *s, struct searching *x_r)
{
	*x_r = (struct searching){ .context = NULL };
	if (!returns_take(s, &x_r->returns)) {
		answer_syntax(s);
		return false;
	}
	if (!(x_r->returns.what & RETURN_UPDATE))
		return true;
	/* RFC 5267 4.3 */
	if (context_exists(s, s->tag)) {
		answer(s, RESULT_BAD, "Tag reuse");
		return false;
	}
	x_r->context = context_new(s);
	if (x_r->context != NULL)
		s->parser.arena = context_arena(x_r->context);
	return true;
}

struct arena *
searching_arena(struct session *s, const struct searching *x)
{
	return x->context != NULL ? context_arena(x->context) : &s->arena;
}

void
searching_fail(struct session *s, struct searching *x)
{
	if (x->returns.what & RETURN_SAVE)
		saved_clear(s);
	drop(s, x);
}

bool
searching_keys(struct session *s, struct searching *x, enum charset_place place)
{
	if (!search_take(s, place, &x->q) || !parse_end(&s->parser)) {
		searching_refuse(s, x);
		return false;
	}
	/* RFC 6855 3: CHARSET is an error then; RFC 9051 6.4.4 allows it. */
	if (x->q.names_charset && (s->enabled & ENABLED_UTF8) &&
	    !(s->enabled & ENABLED_REV2)) {
		searching_refuse_as(
		    s, x, "CHARSET is not allowed after ENABLE UTF8=ACCEPT");
		return false;
	}
	s->parser.arena = &s->arena;
	if (x->q.has_modseq)
		condstore_enable(s);
	if (x->q.unknown_charset) {
		answer(s, RESULT_NO,
		    "[BADCHARSET (UTF-8 US-ASCII ISO-8859-1)] Unknown "
		    "character set");
		searching_fail(s, x);
		return false;
	}
	return true;
}

/* RFC 5267 4.3.1: the search itself is done. */
static void
update_refuse(struct session *s)
{
	str_set(&s->text, SPAN("* NO [NOUPDATE \""));
	str_add(&s->text, s->tag);
	str_add_text(&s->text, "\"] Too many contexts\r\n");
	io_put(&s->io, str_span(&s->text));
}

void
searching_end(struct session *s, struct searching *x,
    const struct sort_order *order, const struct finding *e)
{
	if (x->returns.what & RETURN_GIVEN)
		esearch_put(s, &x->returns, e);
	if (x->returns.what & RETURN_SAVE)
		saved_set(s, &x->returns, e->found);
	if (x->context != NULL) {
		search_fix(&x->q, &s->folder);
		context_start(s, x->context, &x->q, order, e);
	} else if (x->returns.what & RETURN_UPDATE) {
		update_refuse(s);
	}
	answer(s, RESULT_OK, order == NULL ? "Searched" : "Sorted");
}
