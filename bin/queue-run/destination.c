#include "destination.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum {
	WINDOW_FIRST = 3,
	SLOWLY = 10, /* so many times slower, once it was busy */
	DEPTH = 3,   /* one is sent, one is read, one waits */
	TEXT_MAX = 300,
	SHIFT_MAX = 6, /* 60 << 6 is over an hour */
};

static struct span
destination_key(const void *destination)
{
	const struct destination *d = destination;

	return (struct span){ d->key, d->key_len };
}

void
destinations_init(struct destinations *all, unsigned window_max)
{
	*all = (struct destinations){
		.window_max = window_max < 1 ? 1 : window_max
	};
	hash_init(&all->known, destination_key);
}

static void
why_forget(struct destination *d)
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
why_set(struct destination *d, const struct result *why)
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
destination_why(const struct destination *d, struct result *r)
{
	r->status = span_text(d->status);
	r->text = kept(d->text);
	r->host = kept(d->host);
	r->reply = d->reply;
}

static void
destination_free(struct destination *d)
{
	why_forget(d);
	free(d->key);
	free(d);
}

void
destinations_free(struct destinations *all)
{
	struct destination *d;

	for (size_t at = 0; (d = hash_next(&all->known, &at)) != NULL;)
		destination_free(d);
	hash_free(&all->known);
	*all = (struct destinations){ 0 };
}

struct destination *
destination_find(const struct destinations *all, struct span key)
{
	return hash_find(&all->known, key);
}

struct destination *
destination_get(struct destinations *all, struct span key)
{
	struct destination *d = destination_find(all, key);

	if (d == NULL) {
		d = mem_new(sizeof *d);
		d->key = mem_text(key);
		d->key_len = key.len;
		d->window = 1;
		hash_add(&all->known, d);
	}
	d->references++;
	return d;
}

void
destination_keep(struct destination *d)
{
	d->references++;
}

void
destination_drop(struct destinations *all, struct destination *d)
{
	if (--d->references > 0 || d->failures > 0 || d->listed)
		return;
	hash_remove(&all->known, d);
	destination_free(d);
}

void
destinations_clean(struct destinations *all, int64_t now)
{
	struct destination *d;

	for (size_t at = 0; (d = hash_next(&all->known, &at)) != NULL;) {
		if (d->references > 0 || d->listed ||
		    destination_backs_off(d, now))
			continue;
		hash_remove_at(&all->known, &at);
		destination_free(d);
	}
}

void
destinations_each(struct destinations *all,
    bool (*each)(struct destination *d, void *arg), void *arg)
{
	struct destination *d;

	for (size_t at = 0; (d = hash_next(&all->known, &at)) != NULL;)
		if (!each(d, arg))
			return;
}

enum destination_class
destination_class(const struct destination *d)
{
	if (d->failures > 0)
		return DESTINATION_FAILING;
	return d->proven ? DESTINATION_PROVEN : DESTINATION_UNKNOWN;
}

/* A back-off over the maximum means that the clock was set back. */
bool
destination_backs_off(const struct destination *d, int64_t now)
{
	return d->backoff > now && d->backoff - now <= 2 * BACKOFF_MAX_S;
}

void
destination_busy(struct destinations *all, struct destination *d, bool one_more)
{
	all->busy[destination_class(d)] += one_more ? 1u : -1u;
	d->busy += one_more ? 1u : -1u;
}

/* Its workers are counted in its class: take them along. */
static void
class_change(struct destinations *all, struct destination *d, bool proven,
    unsigned failures)
{
	all->busy[destination_class(d)] -= d->busy;
	d->proven = proven;
	d->failures = failures;
	all->busy[destination_class(d)] += d->busy;
}

bool
destination_answered(struct destinations *all, struct destination *d)
{
	bool failed = d->failures > 0;
	unsigned slowly = d->shrunk > 0 ? SLOWLY : 1;

	if (!d->proven) {
		class_change(all, d, true, 0);
		d->backoff = 0;
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
destination_fail(struct destinations *all, struct destination *d, int64_t now,
    uint32_t random, const struct result *why)
{
	unsigned shift = d->failures < SHIFT_MAX ? d->failures : SHIFT_MAX;
	int64_t pause = (int64_t)BACKOFF_FIRST_S << shift;

	if (destination_backs_off(d, now))
		return false;
	if (pause > BACKOFF_MAX_S)
		pause = BACKOFF_MAX_S;
	class_change(all, d, false, d->failures + 1);
	d->backoff = now + pause + random % (uint32_t)(pause / 10);
	d->window = 1;
	d->success = 0;
	why_set(d, why);
	return true;
}

bool
destination_shrink(struct destination *d, uint64_t job, uint64_t last)
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
destination_wake(struct destinations *all, struct destination *d)
{
	if (d->failures == 0)
		return;
	class_change(all, d, false, 0);
	d->backoff = 0;
	why_forget(d);
}

unsigned
destination_depth(const struct destination *d)
{
	return d->failures > 0 ? 1 : DEPTH;
}

bool
destination_has_room(const struct destination *d)
{
	size_t spare = d->failures > 0 ? 0 : 1;

	return d->transactions.count + d->sent <
	    (d->window + spare) * destination_depth(d);
}

void
destination_list(struct destinations *all, struct destination *d)
{
	struct destination_list *l = &all->ready[destination_class(d)];

	if (d->listed ||
	    (d->transactions.first == NULL && d->parked.first == NULL))
		return;
	d->listed = true;
	d->next = NULL;
	*(l->last == NULL ? &l->first : &l->last->next) = d;
	l->last = d;
	l->count++;
}

struct destination *
destination_next(struct destinations *all, enum destination_class class)
{
	struct destination_list *l = &all->ready[class];
	struct destination *d = l->first;

	if (d == NULL)
		return NULL;
	l->first = d->next;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	d->listed = false;
	return d;
}
