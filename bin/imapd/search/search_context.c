#include "search/search_context.h"

#include <stdlib.h>
#include <string.h>

struct context {
	struct context *next;
	struct str tag;
	bool uid;
	bool is_named; /* ESEARCH's: responses name the mailbox */
	struct arena arena;
	struct search q;
	struct sort_order order; /* count 0: that of the mailbox */
	uint32_t *uids;          /* in this order */
	size_t count, room;
};

/* A message at the last look. */
struct seen {
	uint32_t uid, flags, keywords;
};
struct contexts {
	struct context *first;
	size_t count;
	struct seen *seen; /* by number less one */
	uint32_t seen_count;
};

struct context *
context_new(struct session *s)
{
	struct context *c;

	if (s->contexts != NULL && s->contexts->count >= CONTEXTS_MAX)
		return NULL;
	c = mem_new(sizeof *c);
	str_init(&c->tag);
	str_set(&c->tag, s->tag);
	c->uid = s->uid;
	return c;
}

struct arena *
context_arena(struct context *c)
{
	return &c->arena;
}

void
context_drop(struct context *c)
{
	str_free(&c->tag);
	arena_free(&c->arena);
	free(c->uids);
	free(c);
}

bool
context_exists(const struct session *s, struct span tag)
{
	const struct context *c = s->contexts != NULL ? s->contexts->first
						      : NULL;

	while (c != NULL && !span_equal(str_span(&c->tag), tag))
		c = c->next;
	return c != NULL;
}

static void
look(struct session *s)
{
	struct contexts *all = s->contexts;
	struct folder *f = &s->folder;

	all->seen = mem_resize(all->seen, f->count + 1U, sizeof *all->seen);
	all->seen_count = f->count;
	for (uint32_t i = 0; i < f->count; i++) {
		struct message m = folder_message(f, i);

		all->seen[i] = (struct seen){ m.uid, m.flags, m.keywords };
	}
}

void
context_start(struct session *s, struct context *c, const struct search *q,
    const struct sort_order *order, const struct finding *e)
{
	const struct chosen *found = e->found;

	c->q = *q;
	c->is_named = e->mailbox.at != NULL;
	if (order != NULL)
		c->order = *order;
	c->count = c->room = found->count;
	c->uids = mem_resize(NULL, c->room + 1, sizeof *c->uids);
	for (size_t i = 0; i < c->count; i++)
		c->uids[i] = folder_message(&s->folder, found->at[i]).uid;
	if (s->contexts == NULL)
		s->contexts = mem_new(sizeof *s->contexts);
	/* Earlier members have been reported already. */
	if (s->contexts->count == 0)
		look(s);
	c->next = s->contexts->first;
	s->contexts->first = c;
	s->contexts->count++;
}

/* The index of a message's UID in the result, or c->count. */
static size_t
place_of(const struct context *c, uint32_t uid)
{
	size_t low = 0, high = c->count;

	if (c->order.count > 0) {
		while (low < c->count && c->uids[low] != uid)
			low++;
		return low;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->uids[mid] < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->count && c->uids[low] == uid ? low : c->count;
}

/* Both messages' keys are read anew: few messages change, and keeping the keys of
 * all would take much memory. One that can't be read any more comes first. */
static bool
is_before(const struct context *c, struct matcher *m, uint32_t a, uint32_t b)
{
	struct sorter r;
	bool before = true;

	sorter_init(&r, &c->order);
	m->need = sorter_need(&r);
	matcher_begin(m);
	if (sorter_add(&r, m, a) == 0) {
		matcher_begin(m);
		before = sorter_add(&r, m, b) == 0 &&
		    sorter_compare(&r, 0, 1) < 0;
	}
	sorter_free(&r);
	return before;
}

/* The index for a new one. */
static size_t
place_for(const struct context *c, struct matcher *m, uint32_t at)
{
	uint32_t uid = folder_message(m->f, at).uid;
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		uint32_t other = c->uids[mid];
		bool before = c->order.count == 0
		    ? other < uid
		    : is_before(c, m, folder_find(m->f, other), at);

		if (before)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The update of one context: for a SEARCH, messages for one set; for a SORT, pairs
 * of position and message. */
struct telling {
	struct context *c;
	struct matcher m;
	struct chosen removed, added;
	struct str sorted; /* " REMOVEFROM (…)" and " ADDTO (…)" as they came */
};

static uint32_t
number(const struct telling *t, uint32_t at)
{
	return t->c->uid ? folder_message(t->m.f, at).uid : at + 1;
}

static void
place_tell(struct telling *t, const char *what, size_t place, uint32_t at)
{
	if (t->c->order.count > 0)
		str_addf(
		    &t->sorted, " %s (%zu %u)", what, place + 1, number(t, at));
}

static void
message_remove(struct telling *t, size_t place, uint32_t at)
{
	struct context *c = t->c;

	place_tell(t, "REMOVEFROM", place, at);
	t->removed.at[t->removed.count++] = at;
	c->count--;
	memmove(c->uids + place, c->uids + place + 1,
	    (c->count - place) * sizeof *c->uids);
}

static void
message_add(struct telling *t, uint32_t at)
{
	struct context *c = t->c;
	size_t place = place_for(c, &t->m, at);

	if (c->count == c->room) {
		c->room = 2 * c->room + 16;
		c->uids = mem_resize(c->uids, c->room, sizeof *c->uids);
	}
	place_tell(t, "ADDTO", place, at);
	t->added.at[t->added.count++] = at;
	memmove(c->uids + place + 1, c->uids + place,
	    (c->count - place) * sizeof *c->uids);
	c->uids[place] = folder_message(t->m.f, at).uid;
	c->count++;
}

/* A message that may have entered, left or moved in the result. */
static void
message_look(struct telling *t, uint32_t at)
{
	struct message m = folder_message(t->m.f, at);
	size_t place = place_of(t->c, m.uid);
	bool holds;

	t->m.need = t->c->q.need;
	holds = !m.gone && matcher_holds(&t->m, at);
	if (place < t->c->count && !holds)
		message_remove(t, place, at);
	else if (place == t->c->count && holds)
		message_add(t, at);
}

static void
set_tell(struct telling *t, struct str *out, const char *what,
    const struct chosen *c)
{
	const struct finding e = { .f = t->m.f, .found = c, .uid = t->c->uid };

	if (c->count == 0)
		return;
	str_addf(out, " %s (0 ", what);
	finding_set_add(out, &e, 0, c->count);
	str_add_byte(out, ')');
}

static void
telling_put(struct session *s, struct telling *t)
{
	const struct finding e = { .f = t->m.f,
		.uid = t->c->uid,
		.mailbox = t->c->is_named ? str_span(&s->mailbox)
					  : (struct span){ NULL, 0 } };
	struct str *out = &s->text;

	if (t->removed.count + t->added.count == 0)
		return;
	esearch_start(s, &e, str_span(&t->c->tag));
	if (t->c->order.count > 0) {
		str_add(out, str_span(&t->sorted));
	} else {
		set_tell(t, out, "REMOVEFROM", &t->removed);
		set_tell(t, out, "ADDTO", &t->added);
	}
	str_add_text(out, "\r\n");
	io_put(&s->io, str_span(out));
}

/* Look at these messages, in their order. */
static void
context_tell(struct session *s, struct context *c, const struct chosen *what)
{
	struct arena a = ARENA_INIT;
	struct telling t = { .c = c, .sorted = STR_INIT };

	t.removed.at = arena_new(&a, what->count * sizeof(uint32_t));
	t.added.at = arena_new(&a, what->count * sizeof(uint32_t));
	search_bind_keywords(&c->q, &s->folder);
	matcher_init(&t.m, &s->folder, &c->q);
	for (size_t i = 0; i < what->count; i++)
		message_look(&t, what->at[i]);
	telling_put(s, &t);
	matcher_free(&t.m);
	str_free(&t.sorted);
	arena_free(&a);
}

static void
contexts_tell(struct session *s, const struct chosen *what)
{
	if (what->count > 0)
		for (struct context *c = s->contexts->first; c != NULL;
		     c = c->next)
			context_tell(s, c, what);
}

static bool
is_changed(const struct seen *was, const struct message *m)
{
	return m->gone || was->uid != m->uid || was->flags != m->flags ||
	    was->keywords != m->keywords;
}

void
contexts_tell_known(struct session *s)
{
	struct contexts *all = s->contexts;
	struct chosen what = { .count = 0 };

	if (all == NULL || all->count == 0)
		return;
	what.at = mem_new((all->seen_count + 1U) * sizeof *what.at);
	for (uint32_t i = 0; i < all->seen_count; i++) {
		struct message m = folder_message(&s->folder, i);

		if (is_changed(&all->seen[i], &m))
			what.at[what.count++] = i;
	}
	contexts_tell(s, &what);
	free(what.at);
}

void
contexts_tell_new(struct session *s)
{
	struct contexts *all = s->contexts;
	struct folder *f = &s->folder;
	struct chosen what = { .count = 0 };
	uint32_t last, i;

	if (all == NULL || all->count == 0)
		return;
	last = all->seen_count == 0 ? 0 : all->seen[all->seen_count - 1].uid;
	what.at = mem_new((f->count + 1U) * sizeof *what.at);
	for (i = folder_find(f, last + 1); i < f->count; i++)
		what.at[what.count++] = i;
	contexts_tell(s, &what);
	free(what.at);
	look(s);
}

void
contexts_end(struct session *s)
{
	struct context *next;

	if (s->contexts == NULL)
		return;
	for (struct context *c = s->contexts->first; c != NULL; c = next) {
		next = c->next;
		context_drop(c);
	}
	free(s->contexts->seen);
	free(s->contexts);
	s->contexts = NULL;
}

void
context_cancel(struct session *s, struct span tag)
{
	struct context **link, *c;

	if (s->contexts == NULL)
		return;
	link = &s->contexts->first;
	while (*link != NULL && !span_equal(str_span(&(*link)->tag), tag))
		link = &(*link)->next;
	c = *link;
	if (c == NULL)
		return;
	*link = c->next;
	s->contexts->count--;
	context_drop(c);
}
