#include "dest.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum {
	SIZE_FIRST = 64,
	WINDOW_FIRST = 3,
	SLOWLY = 10, /* so many times slower, once it was busy */
	DEPTH = 3,   /* one is sent, one is read, one waits */
	TEXT_MAX = 300,
	SHIFT_MAX = 6, /* 60 << 6 is over an hour */
};

void
dests_init(struct dests *all, unsigned window_max)
{
	*all = (struct dests){ .size = SIZE_FIRST,
		.window_max = window_max < 1 ? 1 : window_max };
	all->slots = mem_new(all->size * sizeof(struct dest *));
}

static void
why_forget(struct dest *d)
{
	free(d->text);
	free(d->host);
	d->text = d->host = NULL;
}

static char *
text_keep(struct span text)
{
	return text.len == 0 ? NULL : mem_text(span_head(text, TEXT_MAX));
}

static void
why_set(struct dest *d, const struct result *why)
{
	/* RFC 3463 3.5: no answer from host. */
	struct span status = SPAN("4.4.1");

	if (why->status.len > 0 && why->status.len < sizeof d->status)
		status = why->status;
	why_forget(d);
	memcpy(d->status, status.at, status.len);
	d->status[status.len] = '\0';
	d->text = text_keep(why->text);
	d->host = text_keep(why->host);
	d->reply = why->reply;
}

static struct span
kept(const char *text)
{
	return text == NULL ? SPAN("") : span_text(text);
}

void
dest_why(const struct dest *d, struct result *r)
{
	r->status = span_text(d->status);
	r->text = kept(d->text);
	r->host = kept(d->host);
	r->reply = d->reply;
}

static void
dest_free(struct dest *d)
{
	why_forget(d);
	free(d->key);
	free(d);
}

void
dests_free(struct dests *all)
{
	for (size_t i = 0; i < all->size; i++)
		if (all->slots[i] != NULL)
			dest_free(all->slots[i]);
	free(all->slots);
	*all = (struct dests){ 0 };
}

/* FNV-1a, its upper half folded in. Who fills the queue with domains of his
 * choice can make them collide; each costs him a message. */
static size_t
hash(struct span key)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.at[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

static struct span
key_of(const struct dest *d)
{
	return (struct span){ d->key, d->key_len };
}

static size_t
slot_of(const struct dests *all, struct span key)
{
	size_t i = hash(key) & (all->size - 1);

	while (all->slots[i] != NULL && !span_equal(key_of(all->slots[i]), key))
		i = (i + 1) & (all->size - 1);
	return i;
}

static void
table_grow(struct dests *all)
{
	struct dest **old = all->slots;
	size_t old_size = all->size;

	all->size *= 2;
	all->slots = mem_new(all->size * sizeof(struct dest *));
	for (size_t i = 0; i < old_size; i++)
		if (old[i] != NULL)
			all->slots[slot_of(all, key_of(old[i]))] = old[i];
	free(old);
}

static void
table_drop(struct dests *all, const struct dest *d)
{
	size_t hole = slot_of(all, key_of(d)), mask = all->size - 1;

	/* Move up what stands behind the hole and may stand in it. */
	for (size_t i = (hole + 1) & mask; all->slots[i] != NULL;
	     i = (i + 1) & mask) {
		size_t home = hash(key_of(all->slots[i])) & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		all->slots[hole] = all->slots[i];
		hole = i;
	}
	all->slots[hole] = NULL;
	all->count--;
}

struct dest *
dest_find(const struct dests *all, struct span key)
{
	return all->slots[slot_of(all, key)];
}

struct dest *
dest_get(struct dests *all, struct span key)
{
	struct dest *d;
	size_t i;

	if (all->count * 2 >= all->size)
		table_grow(all);
	i = slot_of(all, key);
	d = all->slots[i];
	if (d == NULL) {
		d = mem_new(sizeof *d);
		d->key = mem_text(key);
		d->key_len = key.len;
		d->window = 1;
		all->slots[i] = d;
		all->count++;
	}
	d->references++;
	return d;
}

void
dest_keep(struct dest *d)
{
	d->references++;
}

static void
dest_forget(struct dests *all, struct dest *d)
{
	table_drop(all, d);
	dest_free(d);
}

void
dest_drop(struct dests *all, struct dest *d)
{
	if (--d->references == 0 && d->failures == 0 && !d->listed)
		dest_forget(all, d);
}

void
dests_clean(struct dests *all, int64_t now)
{
	for (size_t i = 0; i < all->size; i++) {
		struct dest *d = all->slots[i];

		if (d == NULL || d->references > 0 || d->listed ||
		    dest_rests(d, now))
			continue;
		dest_forget(all, d);
		i--; /* another may have moved up */
	}
}

void
dests_each(
    struct dests *all, bool (*each)(struct dest *d, void *arg), void *arg)
{
	for (size_t i = 0; i < all->size; i++)
		if (all->slots[i] != NULL && !each(all->slots[i], arg))
			return;
}

enum dest_class
dest_class(const struct dest *d)
{
	if (d->failures > 0)
		return DEST_FAILING;
	return d->proven ? DEST_PROVEN : DEST_UNKNOWN;
}

/* A rest can't be longer than the longest: then the clock was set back. */
bool
dest_rests(const struct dest *d, int64_t now)
{
	return d->rest > now && d->rest - now <= 2 * DEST_REST_MAX_S;
}

void
dest_busy(struct dests *all, struct dest *d, bool one_more)
{
	all->busy[dest_class(d)] += one_more ? 1u : -1u;
	d->busy += one_more ? 1u : -1u;
}

/* Its workers are counted in its class: take them along. */
static void
class_change(struct dests *all, struct dest *d, bool proven, unsigned failures)
{
	all->busy[dest_class(d)] -= d->busy;
	d->proven = proven;
	d->failures = failures;
	all->busy[dest_class(d)] += d->busy;
}

bool
dest_answered(struct dests *all, struct dest *d)
{
	bool failed = d->failures > 0;
	unsigned slowly = d->shrunk > 0 ? SLOWLY : 1;

	if (!d->proven) {
		class_change(all, d, true, 0);
		d->rest = 0;
		why_forget(d);
		d->window = WINDOW_FIRST < all->window_max ? WINDOW_FIRST
							   : all->window_max;
	} else if (d->window < all->window_max &&
	    ++d->success >= d->window * slowly) {
		d->window++;
		d->success = 0;
	}
	return failed;
}

bool
dest_fail(struct dests *all, struct dest *d, int64_t now, uint32_t random,
    const struct result *why)
{
	unsigned shift = d->failures < SHIFT_MAX ? d->failures : SHIFT_MAX;
	int64_t pause = (int64_t)DEST_REST_FIRST_S << shift;

	if (dest_rests(d, now))
		return false;
	if (pause > DEST_REST_MAX_S)
		pause = DEST_REST_MAX_S;
	class_change(all, d, false, d->failures + 1);
	d->rest = now + pause + random % (uint32_t)(pause / 10);
	d->window = 1;
	d->success = 0;
	why_set(d, why);
	return true;
}

bool
dest_shrink(struct dest *d, uint64_t job, uint64_t last)
{
	if (job <= d->shrunk)
		return true;
	if (d->window == 1)
		return false;
	d->window /= 2;
	d->success = 0;
	d->shrunk = last;
	return true;
}

void
dest_wake(struct dests *all, struct dest *d)
{
	if (d->failures == 0)
		return;
	class_change(all, d, false, 0);
	d->rest = 0;
	why_forget(d);
}

unsigned
dest_depth(const struct dest *d)
{
	return d->failures > 0 ? 1 : DEPTH;
}

bool
dest_has_room(const struct dest *d)
{
	size_t spare = d->failures > 0 ? 0 : 1;

	return d->parts.count + d->sent < (d->window + spare) * dest_depth(d);
}

void
dest_list(struct dests *all, struct dest *d)
{
	struct dest_list *l = &all->ready[dest_class(d)];

	if (d->listed || (d->parts.first == NULL && d->parked.first == NULL))
		return;
	d->listed = true;
	d->next = NULL;
	*(l->last == NULL ? &l->first : &l->last->next) = d;
	l->last = d;
	l->count++;
}

struct dest *
dest_next(struct dests *all, enum dest_class class)
{
	struct dest_list *l = &all->ready[class];
	struct dest *d = l->first;

	if (d == NULL)
		return NULL;
	l->first = d->next;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	d->listed = false;
	return d;
}
