#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { SIZE_FIRST = 64 };

void
queue_init(struct queue *q)
{
	*q = (struct queue){ .size = SIZE_FIRST };
	q->slots = mem_new(q->size * sizeof(struct entry *));
}

void
queue_free(struct queue *q)
{
	for (size_t i = 0; i < q->size; i++)
		free(q->slots[i]);
	free(q->slots);
	free(q->heap);
	*q = (struct queue){ 0 };
}

/* The id's end is random. */
static size_t
hash(const char *id)
{
	uint64_t bits;

	memcpy(&bits, id + ID_LEN - sizeof bits, sizeof bits);
	bits *= 0x9e3779b97f4a7c15;
	return (size_t)(bits >> 20);
}

/* Where the id is, or the empty slot where it belongs. */
static size_t
slot_of(const struct queue *q, const char *id)
{
	size_t i = hash(id) & (q->size - 1);

	while (q->slots[i] != NULL && memcmp(q->slots[i]->id, id, ID_LEN) != 0)
		i = (i + 1) & (q->size - 1);
	return i;
}

struct entry *
queue_find(const struct queue *q, struct span id)
{
	return id_valid(id) ? q->slots[slot_of(q, id.at)] : NULL;
}

static void
table_grow(struct queue *q)
{
	struct entry **old = q->slots;
	size_t old_size = q->size;

	q->size *= 2;
	q->slots = mem_new(q->size * sizeof(struct entry *));
	for (size_t i = 0; i < old_size; i++)
		if (old[i] != NULL)
			q->slots[slot_of(q, old[i]->id)] = old[i];
	free(old);
}

static void
table_drop(struct queue *q, const struct entry *e)
{
	size_t hole = slot_of(q, e->id), mask = q->size - 1;

	/* Move up what stands behind the hole and may stand in it. */
	for (size_t i = (hole + 1) & mask; q->slots[i] != NULL;
	     i = (i + 1) & mask) {
		size_t home = hash(q->slots[i]->id) & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		q->slots[hole] = q->slots[i];
		hole = i;
	}
	q->slots[hole] = NULL;
	q->count--;
}

struct entry *
queue_add(struct queue *q, struct span id)
{
	struct entry *e;
	size_t i;

	if (!id_valid(id))
		return NULL;
	if (q->count * 2 >= q->size)
		table_grow(q);
	i = slot_of(q, id.at);
	if (q->slots[i] != NULL)
		return NULL;
	e = mem_new(sizeof *e);
	memcpy(e->id, id.at, ID_LEN);
	e->place = PLACE_WORKING;
	q->slots[i] = e;
	q->count++;
	queue_renew(q, e);
	return e;
}

static void
heap_put(struct queue *q, size_t i, struct entry *e)
{
	q->heap[i] = e;
	e->heap = (uint32_t)i;
}

/* Let e, which is to stand at i, rise or sink to its place. */
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
		q->room = q->room == 0 ? SIZE_FIRST : 2 * q->room;
		q->heap = mem_resize(q->heap, q->room, sizeof(struct entry *));
	}
	e->due = due;
	heap_place(q, q->waiting++, e);
}

void
queue_remove(struct queue *q, struct entry *e)
{
	queue_take_out(q, e, PLACE_WORKING);
	table_drop(q, e);
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
