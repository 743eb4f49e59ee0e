#include "base/clock.h"
#include "base/id.h"
#include "listen.h"

void
table_init(struct table *t, size_t size)
{
	*t = (struct table){ .size = size };
	t->at = mem_new(size * sizeof *t->at);
	t->sources = mem_new(size * sizeof *t->sources);
	t->free = mem_new(size * sizeof *t->free);
	for (size_t i = 0; i < size; i++)
		t->free[i] = size - 1 - i;
}

/* A number encodes its place, and is never reused. */
struct connection *
table_take(struct table *t, uint64_t source)
{
	size_t place;

	if (t->count == t->size)
		return NULL;
	place = t->free[t->size - 1 - t->count++];
	t->sources[place] = source;
	t->at[place].number = ++t->serial * t->size + place;
	return &t->at[place];
}

void
table_name(struct table *t, struct connection *c)
{
	uint64_t now = (uint64_t)clock_wall_us();

	t->id = now > t->id ? now : t->id + 1;
	id_number(t->id, c->id, CONNECTION_ID);
	c->id[CONNECTION_ID] = '\0';
}

struct connection *
table_find(struct table *t, uint64_t number)
{
	struct connection *c = &t->at[number % t->size];

	return number != 0 && c->number == number ? c : NULL;
}

void
table_drop(struct table *t, struct connection *c)
{
	size_t place = (size_t)(c - t->at);

	c->number = 0;
	t->sources[place] = 0;
	t->free[t->size - t->count--] = place;
}

size_t
table_of_source(const struct table *t, uint64_t source)
{
	size_t n = 0;

	for (size_t i = 0; i < t->size; i++)
		n += t->sources[i] == source;
	return n;
}
