#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { ROOM_FIRST = 64 };

static struct span
entry_key(const void *entry)
{
	const struct entry *e = entry;

	return (struct span){ e->id, ID_LEN };
}

void
queue_init(struct queue *q)
{
	*q = (struct queue){ 0 };
	hash_init(&q->known, entry_key);
}

void
queue_free(struct queue *q)
{
	struct entry *e;

	for (size_t at = 0; (e = hash_next(&q->known, &at)) != NULL;)
		free(e);
	hash_free(&q->known);
	free(q->heap);
	*q = (struct queue){ 0 };
}

struct entry *
queue_find(const struct queue *q, struct span id)
{
	return hash_find(&q->known, id);
}

struct entry *
queue_add(struct queue *q, struct span id)
{
	struct entry *e;

	if (!id_valid(id) || queue_find(q, id) != NULL)
		return NULL;
	e = mem_new(sizeof *e);
	memcpy(e->id, id.at, ID_LEN);
	e->place = PLACE_WORKING;
	hash_add(&q->known, e);
	queue_renew(q, e);
	return e;
}

static void
heap_put(struct queue *q, size_t i, struct entry *e)
{
	q->heap[i] = e;
	e->heap = (uint32_t)i;
}

/* Sift e, put at index i, up or down to its place. */
static void
heap_place(struct queue *q, size_t i, struct entry *e)
{
	while (i > 0 && q->heap[(i - 1) / 2]->due > e->due) {
		heap_put(q, i, q->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < q->waiting &&
		    q->heap[child + 1]->due < q->heap[child]->due)
			child++;
		if (child >= q->waiting || q->heap[child]->due >= e->due)
			break;
		heap_put(q, i, q->heap[child]);
		i = child;
	}
	heap_put(q, i, e);
}

static void
heap_drop(struct queue *q, const struct entry *e)
{
	struct entry *moved = q->heap[--q->waiting];

	if (moved != e)
		heap_place(q, e->heap, moved);
}

static void
line_drop(const struct entry *e)
{
	struct entry_line *l = e->line;

	*(e->before == NULL ? &l->first : &e->before->after) = e->after;
	*(e->after == NULL ? &l->last : &e->after->before) = e->before;
	l->count--;
}

static void
line_join(struct entry_line *l, struct entry *e)
{
	e->line = l;
	e->before = l->last;
	e->after = NULL;
	*(l->last == NULL ? &l->first : &l->last->after) = e;
	l->last = e;
	l->count++;
}

void
queue_take_out(struct queue *q, struct entry *e, enum place to)
{
	if (e->place == PLACE_NEW || e->place == PLACE_PARKED)
		line_drop(e);
	if (e->place == PLACE_PARKED)
		q->parked--;
	if (e->place == PLACE_WAITING)
		heap_drop(q, e);
	e->place = (uint8_t)to;
}

void
queue_renew(struct queue *q, struct entry *e)
{
	queue_take_out(q, e, PLACE_NEW);
	line_join(&q->fresh, e);
}

void
queue_park(struct queue *q, struct entry *e, struct entry_line *line)
{
	queue_take_out(q, e, PLACE_PARKED);
	line_join(line, e);
	q->parked++;
}

void
queue_wait(struct queue *q, struct entry *e, int64_t due)
{
	queue_take_out(q, e, PLACE_WAITING);
	if (q->waiting == q->room) {
		q->room = q->room == 0 ? ROOM_FIRST : 2 * q->room;
		q->heap = mem_resize(q->heap, q->room, sizeof(struct entry *));
	}
	e->due = due;
	heap_place(q, q->waiting++, e);
}

void
queue_remove(struct queue *q, struct entry *e)
{
	queue_take_out(q, e, PLACE_WORKING);
	hash_remove(&q->known, e);
	free(e);
}

struct entry *
queue_next(struct queue *q, int64_t now)
{
	bool old = q->waiting > 0 && q->heap[0]->due <= now;
	struct entry *e = q->fresh.first;

	if (old && (e == NULL || q->old_next))
		e = q->heap[0];
	if (e == NULL)
		return NULL;
	q->old_next = e->place == PLACE_NEW;
	queue_take_out(q, e, PLACE_WORKING);
	return e;
}

int64_t
queue_pause(const struct queue *q, int64_t now)
{
	if (q->fresh.first != NULL)
		return 0;
	if (q->waiting == 0)
		return -1;
	return q->heap[0]->due <= now ? 0 : q->heap[0]->due - now;
}

void
queue_shift(struct queue *q, int64_t seconds)
{
	for (size_t i = 0; i < q->waiting; i++) {
		q->heap[i]->due += seconds;
		q->heap[i]->forced = true;
	}
}

void
queue_wake(struct queue *q, int64_t now)
{
	for (size_t i = 0; i < q->waiting; i++) { /* equal keys are a heap */
		q->heap[i]->due = now;
		q->heap[i]->forced = true;
	}
}
