#include "choose.h"

#include "base/die.h"
#include "mail/header.h"

static void
choose(struct report *r, struct arena *a, struct result *results, bool *chosen)
{
	size_t count = r->envelope->count;

	r->reasons = arena_new(a, count * sizeof *r->reasons);
	for (size_t i = 0; i < count; i++)
		if (chosen[i])
			r->reasons[i] = reason_find(&results[i]);
	r->results = results;
	r->chosen = chosen;
}

/* The report that queue-run decided on, if any: later failures are in another
 * one. */
bool
choose_known(struct report *r, struct arena *a, const struct state *st)
{
	struct result *results;
	uint32_t open;
	bool any = false, *chosen;

	open = state_open_report(st);
	if (open > 0 && st->reports[open - 1].kind != r->kind)
		open = 0;
	results = arena_new(a, st->count * sizeof *results);
	chosen = arena_new(a, st->count);
	for (size_t i = 0; i < st->count; i++) {
		results[i] = st->results[i];
		chosen[i] = open > 0 ? results[i].report == open
				     : state_due(r->kind, &results[i]);
		any = any || chosen[i];
	}
	choose(r, a, results, chosen);
	return any;
}

void
choose_all(struct report *r, struct arena *a, struct span reason)
{
	static const struct {
		int verdict;
		struct span status;
	} of[] = {
		[REPORT_FAILED] = { DATA, { "5.0.0", 5 } },
		[REPORT_DELIVERED] = { DONE, { "2.0.0", 5 } },
		[REPORT_DELAYED] = { TEMP, { "4.0.0", 5 } },
	};
	size_t count = r->envelope->count;
	struct result *results = arena_new(a, count * sizeof *results);
	bool *chosen = arena_new(a, count);

	for (size_t i = 0; i < count; i++) {
		chosen[i] = true;
		results[i] = (struct result){ .at = r->now,
			.index = i,
			.verdict = of[r->kind].verdict,
			.status = of[r->kind].status,
			.text = reason,
			.host = SPAN("") };
	}
	choose(r, a, results, chosen);
}

/* RFC 3461 6.2: the whole message unless RET=HDRS; but not a long one, and only
 * for failures. */
void
choose_original(struct report *r, struct span text, uint64_t size)
{
	r->header = span_head(text, header_size(text));
	if (r->kind == REPORT_FAILED && size <= RETURN_MAX &&
	    !span_equal_case(r->envelope->ret, SPAN("HDRS")))
		r->original = text;
	else
		r->original = SPAN("");
}
