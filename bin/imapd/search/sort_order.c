#include "search/sort.h"

#include <errno.h>
#include <stdlib.h>

static const struct known {
	const char *name;
	enum sort_kind kind;
	bool is_display; /* RFC 5957 */
} known[] = {
	{ "ARRIVAL", SORT_ARRIVAL, false },
	{ "CC", SORT_CC, false },
	{ "DATE", SORT_DATE, false },
	{ "DISPLAYFROM", SORT_DISPLAYFROM, true },
	{ "DISPLAYTO", SORT_DISPLAYTO, true },
	{ "FROM", SORT_FROM, false },
	{ "SIZE", SORT_SIZE, false },
	{ "SUBJECT", SORT_SUBJECT, false },
	{ "TO", SORT_TO, false },
};

static bool
has_kind(const struct sort_order *o, enum sort_kind kind)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->by[i].kind == kind)
			return true;
	return false;
}

/* ["REVERSE" SP] sort-key. A repeated key has no effect. */
static bool
take_criterion(struct session *s, struct sort_order *o)
{
	struct parser *p = &s->parser;
	bool reverse = parse_is(p, "REVERSE");

	if (reverse && !parse_space(p))
		return false;
	for (size_t i = 0; i < COUNT(known); i++) {
		if (!parse_is(p, known[i].name))
			continue;
		if (known[i].is_display && !session_offers(s, "SORT=DISPLAY"))
			return false;
		if (has_kind(o, known[i].kind))
			return true;
		o->by[o->count].kind = known[i].kind;
		o->by[o->count++].reverse = reverse;
		return true;
	}
	return false;
}

bool
sort_order_take(struct session *s, struct sort_order *o_r)
{
	struct parser *p = &s->parser;

	*o_r = (struct sort_order){ .count = 0 };
	if (!parse_byte(p, '('))
		return false;
	do {
		if (!take_criterion(s, o_r))
			return false;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

/* The text of a criterion; SORTKEYS: it is a number. */
static enum sortkey
kind_key(enum sort_kind kind)
{
	switch (kind) {
	case SORT_CC:
		return SORTKEY_CC;
	case SORT_DISPLAYFROM:
		return SORTKEY_DISPLAYFROM;
	case SORT_DISPLAYTO:
		return SORTKEY_DISPLAYTO;
	case SORT_FROM:
		return SORTKEY_FROM;
	case SORT_SUBJECT:
		return SORTKEY_SUBJECT;
	case SORT_TO:
		return SORTKEY_TO;
	case SORT_ARRIVAL:
	case SORT_DATE:
	case SORT_SIZE:
		break;
	}
	return SORTKEYS;
}

void
sorter_init(struct sorter *r, const struct sort_order *o)
{
	*r = (struct sorter){ .order = o, .texts = STR_INIT };
	sortkeys_init(&r->keys);
	for (size_t i = 0; i < o->count; i++)
		if (kind_key(o->by[i].kind) != SORTKEYS)
			r->wanted |= 1U << kind_key(o->by[i].kind);
}

void
sorter_free(struct sorter *r)
{
	sortkeys_free(&r->keys);
	str_free(&r->texts);
	free(r->values);
	free(r->at);
}

enum content_need
sorter_need(const struct sorter *r)
{
	return r->wanted != 0 || has_kind(r->order, SORT_DATE) ? NEED_HEADER
							       : NEED_NOTHING;
}

static int
number_get(const struct sorter *r, struct folder *f, uint32_t at,
    enum sort_kind kind, int64_t *n_r)
{
	uint64_t size;

	if (kind == SORT_SIZE) {
		if (folder_wire(f, at, &size) < 0)
			return -1;
		*n_r = (int64_t)size;
		return 0;
	}
	/* RFC 5256 2.2: INTERNALDATE if there is no sent date. */
	if (kind == SORT_DATE && r->keys.dated) {
		*n_r = r->keys.sent;
		return 0;
	}
	return folder_date(f, at, n_r);
}

static int
value_get(struct sorter *r, struct folder *f, uint32_t at, enum sort_kind kind,
    union sort_value *v_r)
{
	enum sortkey key = kind_key(kind);
	const struct str *text;

	if (key == SORTKEYS)
		return number_get(r, f, at, kind, &v_r->number);
	text = &r->keys.text[key];
	if (text->len > SORT_TEXT_MAX - r->texts.len) {
		errno = E2BIG;
		return -1;
	}
	v_r->text.at = (uint32_t)r->texts.len;
	v_r->text.len = (uint32_t)text->len;
	str_add(&r->texts, str_span(text));
	return 0;
}

static void
room_make(struct sorter *r)
{
	if (r->count < r->room)
		return;
	r->room = 2 * r->room + 64;
	r->at = mem_resize(r->at, r->room, sizeof *r->at);
	r->values = mem_resize(
	    r->values, r->room * r->order->count, sizeof *r->values);
}

int
sorter_add(struct sorter *r, struct matcher *m, uint32_t at)
{
	union sort_value *v;

	if (sorter_need(r) != NEED_NOTHING &&
	    !matcher_keys(m, at, r->wanted, &r->keys)) {
		errno = ENOENT;
		return -1;
	}
	room_make(r);
	v = r->values + r->count * r->order->count;
	for (size_t i = 0; i < r->order->count; i++)
		if (value_get(r, m->f, at, r->order->by[i].kind, &v[i]) < 0)
			return -1;
	r->at[r->count++] = at;
	return 0;
}

static int
value_compare(const struct sorter *r, enum sort_kind kind,
    const union sort_value *a, const union sort_value *b)
{
	const char *t = r->texts.at;

	if (kind_key(kind) == SORTKEYS)
		return (a->number > b->number) - (a->number < b->number);
	return span_compare((struct span){ t + a->text.at, a->text.len },
	    (struct span){ t + b->text.at, b->text.len });
}

/* RFC 5256 (SORT): REVERSE does not affect the implicit last criterion, the
 * number. */
int
sorter_compare(const struct sorter *r, uint32_t i, uint32_t j)
{
	const struct sort_order *o = r->order;
	const union sort_value *a = r->values + i * o->count;
	const union sort_value *b = r->values + j * o->count;

	for (size_t k = 0; k < o->count; k++) {
		int d = value_compare(r, o->by[k].kind, &a[k], &b[k]);

		if (d != 0)
			return o->by[k].reverse ? -d : d;
	}
	return (r->at[i] > r->at[j]) - (r->at[i] < r->at[j]);
}

static int
by_order(const void *a, const void *b, void *arg)
{
	const uint32_t *i = a, *j = b;

	return sorter_compare(arg, *i, *j);
}

void
sorter_run(const struct sorter *r, struct chosen *c_r)
{
	c_r->count = r->count;
	for (uint32_t i = 0; i < r->count; i++)
		c_r->at[i] = i;
	qsort_r(
	    c_r->at, r->count, sizeof *c_r->at, by_order, (void *)(uintptr_t)r);
	for (uint32_t i = 0; i < r->count; i++)
		c_r->at[i] = r->at[c_r->at[i]];
}
