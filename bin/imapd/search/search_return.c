#include "search/search_return.h"

static const struct {
	const char *name;
	unsigned what;
	const char *capability;
} known[] = {
	{ "MIN", RETURN_MIN, "ESEARCH" },
	{ "MAX", RETURN_MAX, "ESEARCH" },
	{ "ALL", RETURN_ALL, "ESEARCH" },
	{ "COUNT", RETURN_COUNT, "ESEARCH" },
	{ "PARTIAL", RETURN_PARTIAL, "PARTIAL" },
	{ "SAVE", RETURN_SAVE, "SEARCHRES" },
	{ "UPDATE", RETURN_UPDATE, "CONTEXT=SEARCH" },
	{ "CONTEXT", RETURN_CONTEXT, "CONTEXT=SEARCH" },
};

/* nz-number, "-" before it if all are from the last. */
static bool
take_position(struct parser *p, bool from_last, uint32_t *n_r)
{
	return (!from_last || parse_byte(p, '-')) && parse_number(p, n_r) &&
	    *n_r > 0;
}

bool
partial_take(struct parser *p, struct partial *p_r)
{
	uint32_t a, b;

	p_r->from_last = p->rest.len > 0 && p->rest.at[0] == '-';
	if (!take_position(p, p_r->from_last, &a) || !parse_byte(p, ':') ||
	    !take_position(p, p_r->from_last, &b))
		return false;
	p_r->low = a < b ? a : b;
	p_r->high = a < b ? b : a;
	return true;
}

void
partial_add(struct str *out, const struct partial *p)
{
	const char *sign = p->from_last ? "-" : "";

	str_addf(out, "%s%u:%s%u", sign, p->low, sign, p->high);
}

void
partial_apply(
    const struct partial *p, size_t count, size_t *from_r, size_t *to_r)
{
	size_t low = p->low - 1U < count ? p->low - 1U : count;
	size_t high = p->high < count ? p->high : count;

	*from_r = p->from_last ? count - high : low;
	*to_r = p->from_last ? count - low : high;
}

static bool
take_option(struct session *s, struct returns *r)
{
	struct parser *p = &s->parser;

	for (size_t i = 0; i < COUNT(known); i++) {
		if (!parse_is(p, known[i].name))
			continue;
		if (!session_offers(s, known[i].capability))
			return false;
		/* RFC 9394 3.1: one PARTIAL or one ALL. */
		if (known[i].what == RETURN_PARTIAL &&
		    (r->what & RETURN_PARTIAL))
			return false;
		r->what |= known[i].what;
		return known[i].what != RETURN_PARTIAL ||
		    (parse_space(p) && partial_take(p, &r->partial));
	}
	return false;
}

bool
returns_take(struct session *s, struct returns *r_r)
{
	const unsigned both = RETURN_ALL | RETURN_PARTIAL;
	struct parser *p = &s->parser;

	*r_r = (struct returns){ .what = 0 };
	if (!parse_is(p, "RETURN"))
		return true;
	r_r->what = RETURN_GIVEN;
	if (!parse_space(p) || !parse_byte(p, '('))
		return false;
	/* RFC 4731 3.1: an empty list is "(ALL)". */
	if (parse_byte(p, ')')) {
		r_r->what |= RETURN_ALL;
		return parse_space(p);
	}
	do {
		if (!take_option(s, r_r))
			return false;
	} while (parse_space(p));
	return (r_r->what & both) != both && parse_byte(p, ')') &&
	    parse_space(p);
}
