#include "sequence.h"

#include <stdlib.h>

static bool
take_number(struct span *rest, uint32_t *n_r)
{
	uint64_t n;

	if (span_take(rest, '*')) {
		*n_r = SEQUENCE_STAR;
		return true;
	}
	if (!span_number(rest, UINT32_MAX, &n) || n == 0)
		return false;
	*n_r = (uint32_t)n;
	return true;
}

static bool
take_range(struct span *rest, struct range *r_r)
{
	if (!take_number(rest, &r_r->low))
		return false;
	r_r->high = r_r->low;
	return !span_take(rest, ':') || take_number(rest, &r_r->high);
}

static size_t
ranges_most(struct span s)
{
	size_t n = 1;

	for (size_t i = 0; i < s.len && s.at[i] != ' ' && s.at[i] != ')'; i++)
		n += s.at[i] == ',';
	return n;
}

bool
sequence_take(struct span *rest, struct arena *a, struct sequence *s_r)
{
	struct span s = *rest;

	s_r->at = arena_new(a, ranges_most(s) * sizeof *s_r->at);
	s_r->count = 0;
	do {
		if (!take_range(&s, &s_r->at[s_r->count]))
			return false;
		s_r->count++;
	} while (span_take(&s, ','));
	*rest = s;
	return true;
}

static int
by_low(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* RFC 3501 9: "2:*" and "*:2" are the same, and so are "2:4" and "4:2". */
static struct range
range_resolve(struct range r, uint32_t star)
{
	uint32_t a = r.low == SEQUENCE_STAR ? star : r.low;
	uint32_t b = r.high == SEQUENCE_STAR ? star : r.high;

	if (star == 0 && (r.low == SEQUENCE_STAR || r.high == SEQUENCE_STAR))
		return (struct range){ 0, 0 };
	return a < b ? (struct range){ a, b } : (struct range){ b, a };
}

void
sequence_resolve(struct sequence *s, uint32_t star)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		s->at[i] = range_resolve(s->at[i], star);
	qsort(s->at, s->count, sizeof *s->at, by_low);
	for (size_t i = 0; i < s->count; i++) {
		struct range r = s->at[i];

		if (r.high == 0)
			continue;
		if (n > 0 && (uint64_t)s->at[n - 1].high + 1 >= r.low) {
			if (r.high > s->at[n - 1].high)
				s->at[n - 1].high = r.high;
		} else {
			s->at[n++] = r;
		}
	}
	s->count = n;
}

bool
sequence_has(const struct sequence *s, uint32_t n)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->at[mid].high < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->count && s->at[low].low <= n;
}
