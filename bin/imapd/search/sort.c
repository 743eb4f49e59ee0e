/* SORT (RFC 5256), SORT=DISPLAY (RFC 5957), ESORT and CONTEXT=SORT (RFC
 * 5267). */
#include "search/sort.h"

#include <errno.h>

#include "answer.h"
#include "command.h"
#include "progress.h"
#include "search/searching.h"

/* Collect the matching messages and their keys; the header is read once for
 * both. -1: there is no room for the keys. */
static int
sort_find(struct session *s, const struct search *q, struct sorter *r)
{
	struct folder *f = &s->folder;
	struct progress progress;
	struct matcher m;
	int result = 0;

	matcher_init(&m, f, q);
	if (sorter_need(r) > m.need)
		m.need = sorter_need(r);
	progress_start(&progress, s, f->count);
	for (uint32_t i = 0; i < f->count && result == 0 && !s->io.failed;
	     i++) {
		progress_step(&progress, i);
		if (matcher_holds(&m, i) && sorter_add(r, &m, i) < 0 &&
		    errno == E2BIG)
			result = -1;
	}
	matcher_free(&m);
	return result;
}

static void
sort_put(struct session *s, const struct finding *e)
{
	struct str *out = &s->text;

	str_set(out, SPAN("* SORT"));
	for (size_t i = 0; i < e->found->count; i++) {
		str_add_byte(out, ' ');
		str_add_number(out, finding_number(e, i));
	}
	finding_modseq_add(out, e);
	str_add_text(out, "\r\n");
	io_put(&s->io, str_span(out));
}

static void
sort_run(struct session *s, struct searching *x, const struct sort_order *o)
{
	struct finding e = { .f = &s->folder, .uid = s->uid };
	struct chosen found;
	struct sorter r;

	search_bind(&x->q, s, &s->folder, searching_arena(s, x));
	sorter_init(&r, o);
	if (sort_find(s, &x->q, &r) < 0) {
		answer(s, RESULT_NO, "[LIMIT] The keys are too long to sort");
		searching_fail(s, x);
	} else {
		found.at = arena_new(&s->arena, r.count * sizeof *found.at);
		sorter_run(&r, &found);
		e.found = &found;
		e.modseq = x->q.has_modseq;
		if (!(x->returns.what & RETURN_GIVEN))
			sort_put(s, &e);
		searching_end(s, x, o, &e);
	}
	sorter_free(&r);
}

/* RFC 5267 3 and 4: RETURN options need their capability. */
static bool
is_offered(const struct session *s, const struct returns *r)
{
	return (!(r->what & RETURN_GIVEN) || session_offers(s, "ESORT")) &&
	    (!(r->what & RETURN_UPDATE) || session_offers(s, "CONTEXT=SORT"));
}

void
cmd_sort(struct session *s)
{
	struct sort_order order;
	struct searching x;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!searching_start(s, &x))
		return;
	if (!is_offered(s, &x.returns) || !sort_order_take(s, &order) ||
	    !parse_space(&s->parser)) {
		searching_refuse(s, &x);
		return;
	}
	if (searching_keys(s, &x, CHARSET_FIRST))
		sort_run(s, &x, &order);
}
