#include "users/table.h"

#include <cdb.h>
#include <stdlib.h>

void
table_init(struct table *t)
{
	*t = (struct table){ .size = 1024 };
	t->buckets = mem_new(t->size * sizeof *t->buckets);
}

void
table_free(struct table *t)
{
	free(t->buckets);
	arena_free(&t->memory);
}

static struct row **
bucket(const struct table *t, struct span key)
{
	return &t->buckets[cdb_hash(key.at, (unsigned)key.len) % t->size];
}

struct row *
table_find(const struct table *t, struct span key)
{
	struct row *r = *bucket(t, key);

	while (r != NULL && !span_equal(r->key, key))
		r = r->chained;
	return r;
}

static void
table_grow(struct table *t)
{
	free(t->buckets);
	t->size *= 4;
	t->buckets = mem_new(t->size * sizeof *t->buckets);
	for (struct row *r = t->first; r != NULL; r = r->next) {
		struct row **b = bucket(t, r->key);

		r->chained = *b;
		*b = r;
	}
}

static struct row *
table_new(struct table *t, struct span key, unsigned line)
{
	struct row *r = arena_new(&t->memory, sizeof *r), **b;

	if (++t->count > t->size)
		table_grow(t);
	r->key = arena_copy(&t->memory, key);
	r->line = line;
	b = bucket(t, key);
	r->chained = *b;
	*b = r;
	if (t->last != NULL)
		t->last->next = r;
	else
		t->first = r;
	return t->last = r;
}

struct row *
table_add(struct table *t, const struct entry *e, unsigned line)
{
	struct row *r = table_find(t, str_span(&e->key));

	if (r == NULL)
		r = table_new(t, str_span(&e->key), line);
	else if (e->kind == ENTRY_DOMAIN ||
	    (e->kind == ENTRY_MAILBOX ? r->mailbox : r->targets.len > 0))
		return NULL;
	switch (e->kind) {
	case ENTRY_DOMAIN:
		r->domain = true;
		r->unicode = arena_copy(&t->memory, str_span(&e->unicode));
		break;
	case ENTRY_MAILBOX:
		r->mailbox = true;
		r->fields = arena_copy(&t->memory, str_span(&e->fields));
		r->secrets = arena_copy(&t->memory, str_span(&e->secrets));
		break;
	case ENTRY_TARGETS:
		r->targets = arena_copy(&t->memory, str_span(&e->targets));
		break;
	}
	return r;
}

struct row *
table_answer(const struct table *t, struct span key)
{
	struct row *r = table_find(t, key);
	size_t at = key.len, plus = span_find(key, '+');
	struct str other = STR_INIT;

	while (at > 0 && key.at[at - 1] != '@')
		at--;
	if (r == NULL && at > 0 && plus > 0 && plus < at && key.at[0] != '"') {
		str_set(&other, span_head(key, plus));
		str_add(&other, span_from(key, at - 1));
		r = table_find(t, str_span(&other));
	}
	if (r == NULL && at > 0)
		r = table_find(t, span_from(key, at - 1));
	str_free(&other);
	return r;
}
