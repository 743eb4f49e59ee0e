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

bool
choose_known(struct report *r, struct arena *a, struct span state)
{
	size_t count = r->envelope->count;
	struct result *results = arena_new(a, count * sizeof *results);
	bool any = false, *chosen = arena_new(a, count);

	state_parse(state, a, results, count);
	for (size_t i = 0; i < count; i++) {
		chosen[i] = state_due(r->kind, &results[i]);
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

/* RFC 3461 6.2: the whole message unless RET=HDRS; but no long one, and none
 * of one that arrived or still may. */
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
