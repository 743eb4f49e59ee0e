/* Step 5 of REFERENCES (RFC 5256 3): merge threads with the same subject. */
#include <stdlib.h>

#include "search/thread.h"

/* The root's children by place (node.count), and the subject table. */
struct merge {
	struct threads *t;
	uint32_t *roots; /* THREAD_NONE: merged into another thread */
	uint32_t count;
	struct hash subjects; /* to indices of table */
	struct arena texts;
	uint32_t *table;
	uint32_t table_count;
};

static bool
is_dummy(const struct threads *t, uint32_t node)
{
	return t->nodes[node].message == THREAD_NONE;
}

static bool
is_reply(const struct threads *t, uint32_t node)
{
	return !is_dummy(t, node) && t->messages[t->nodes[node].message].reply;
}

/* The table's entry for this thread's subject, or NULL for an empty subject. */
static uint32_t *
entry(struct merge *m, uint32_t node)
{
	struct span subject = thread_subject(m->t, node);
	uint32_t i;

	if (subject.len == 0)
		return NULL;
	i = hash_text_add(&m->subjects, &m->texts, subject, m->table_count);
	if (i == m->table_count)
		m->table[m->table_count++] = THREAD_NONE;
	return &m->table[i];
}

/* (B) */
static void
table_fill(struct merge *m)
{
	const struct threads *t = m->t;

	for (uint32_t i = 0; i < m->count; i++) {
		uint32_t node = m->roots[i], *e = entry(m, node);

		if (e == NULL)
			continue;
		if (*e == THREAD_NONE ||
		    (!is_dummy(t, *e) &&
			(is_dummy(t, node) ||
			    (is_reply(t, *e) && !is_reply(t, node)))))
			*e = node;
	}
}

/* A dummy replaces both. */
static void
pair(struct merge *m, uint32_t *e, uint32_t node)
{
	struct threads *t = m->t;
	uint32_t dummy = thread_node_new(t), place = t->nodes[*e].count;

	thread_child_add(t, dummy, *e);
	thread_child_add(t, dummy, node);
	t->nodes[dummy].count = place;
	m->roots[place] = dummy;
	*e = dummy;
}

/* (C) */
static void
thread_take(struct merge *m, uint32_t place)
{
	struct threads *t = m->t;
	uint32_t node = m->roots[place], *e = entry(m, node);

	if (e == NULL || *e == node)
		return;
	m->roots[place] = THREAD_NONE;
	if (is_dummy(t, *e) && is_dummy(t, node))
		thread_children_move(t, *e, node);
	else if (is_dummy(t, *e) || (is_reply(t, node) && !is_reply(t, *e)))
		thread_child_add(t, *e, node);
	else
		pair(m, e, node);
}

void
thread_merge(struct threads *t)
{
	struct merge m = { .t = t };

	for (uint32_t c = t->nodes[0].first; c != THREAD_NONE;
	     c = t->nodes[c].next)
		t->nodes[c].count = m.count++;
	m.roots = mem_resize(NULL, m.count + 1U, sizeof *m.roots);
	m.table = mem_resize(NULL, m.count + 1U, sizeof *m.table);
	for (uint32_t c = t->nodes[0].first; c != THREAD_NONE;
	     c = t->nodes[c].next)
		m.roots[t->nodes[c].count] = c;
	hash_init(&m.subjects, hash_text_key);
	table_fill(&m);
	for (uint32_t i = 0; i < m.count; i++)
		thread_take(&m, i);
	t->nodes[0].first = t->nodes[0].last = THREAD_NONE;
	for (uint32_t i = 0; i < m.count; i++)
		if (m.roots[i] != THREAD_NONE)
			thread_child_add(t, 0, m.roots[i]);
	hash_free(&m.subjects);
	arena_free(&m.texts);
	free(m.roots);
	free(m.table);
}
