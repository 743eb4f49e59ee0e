#include "store/takeover.h"

#include <stdlib.h>

static void
put(struct takeover *t, struct span file, uint64_t uid)
{
	struct span head = span_head(file, span_find(file, ':'));

	if (t->count == t->room) {
		t->room = t->room == 0 ? 64 : t->room * 2;
		t->at = mem_resize(t->at, t->room, sizeof *t->at);
	}
	t->at[t->count++] = (struct takeover_entry){
		span_head(head, span_find(head, ',')), (uint32_t)uid
	};
}

static int
compare(const void *a, const void *b)
{
	const struct takeover_entry *x = a, *y = b;
	int order = span_compare(x->base, y->base);

	return order != 0 ? order : (x->uid > y->uid) - (x->uid < y->uid);
}

/* "3 V1275660208 N25022 G3085f01b7f11094c…" */
static bool
header_3(struct takeover *t, struct span line)
{
	uint64_t validity = 0, next = 1;

	while (line.len > 0) {
		char kind;
		uint64_t n;

		if (!span_take(&line, ' ') || !span_take_byte(&line, &kind))
			return false;
		if ((kind == 'V' || kind == 'N') &&
		    span_number(&line, UINT32_MAX - 1, &n))
			*(kind == 'V' ? &validity : &next) = n;
		line = span_from(line, span_find(line, ' '));
	}
	t->validity = (uint32_t)validity;
	t->next = (uint32_t)next;
	return validity > 0 && next > 0;
}

/* "1 1275660208 25022" */
static bool
header_1(struct takeover *t, struct span line)
{
	uint64_t validity, next;

	if (!span_take(&line, ' ') ||
	    !span_number(&line, UINT32_MAX - 1, &validity) ||
	    !span_take(&line, ' ') ||
	    !span_number(&line, UINT32_MAX - 1, &next))
		return false;
	t->validity = (uint32_t)validity;
	t->next = (uint32_t)next;
	return validity > 0 && next > 0;
}

/* "25006 [extensions] :name" in version 3, "25006 name" before. */
static void
line_read(struct takeover *t, struct span line, bool with_colon)
{
	uint64_t uid;

	if (!span_number(&line, UINT32_MAX - 1, &uid) || uid == 0 ||
	    !span_take(&line, ' '))
		return;
	if (with_colon) {
		line = span_from(line, span_find(line, ':'));
		if (!span_take(&line, ':'))
			return;
	}
	if (line.len == 0)
		return;
	put(t, line, uid);
	if (uid >= t->next)
		t->next = (uint32_t)uid + 1;
}

bool
takeover_uidlist(struct takeover *t, struct span text)
{
	struct span line;
	uint64_t version;

	*t = (struct takeover){ 0 };
	if (!span_line(&text, &line) || !span_number(&line, 3, &version) ||
	    version == 2 ||
	    !(version == 3 ? header_3(t, line) : header_1(t, line))) {
		*t = (struct takeover){ 0 };
		return false;
	}
	while (span_line(&text, &line))
		line_read(t, line, version == 3);
	if (t->count > 0)
		qsort(t->at, t->count, sizeof *t->at, compare);
	return true;
}

bool
takeover_mbsync(struct takeover *t, struct span text)
{
	struct span line;
	uint64_t validity = 0, highest = 0;

	*t = (struct takeover){ 0 };
	if (!span_line(&text, &line) ||
	    !span_is_number(line, UINT32_MAX, &validity) || validity == 0 ||
	    !span_line(&text, &line) ||
	    !span_is_number(line, UINT32_MAX - 2, &highest))
		return false;
	t->validity = (uint32_t)validity;
	t->next = (uint32_t)highest + 1;
	return true;
}

uint32_t
takeover_find(const struct takeover *t, struct span base)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_compare(t->at[middle].base, base) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->count && span_equal(t->at[low].base, base)
	    ? t->at[low].uid
	    : 0;
}

void
takeover_free(struct takeover *t)
{
	free(t->at);
	*t = (struct takeover){ 0 };
}
