/* Steps 1 to 3 of REFERENCES (RFC 5256 3): link replies to their parents. */
#include <stdlib.h>

#include "search/thread.h"

/* The node of an ID; THREAD_NONE: a limit was exceeded. */
static uint32_t
id_node(struct threads *t, struct span id)
{
	uint32_t node;

	if (t->node_count >= THREAD_NODES_MAX ||
	    id.len > THREAD_TEXT_MAX - t->id_bytes)
		return THREAD_NONE;
	node = hash_text_add(&t->ids, &t->id_texts, id, t->node_count);
	if (node == t->node_count) {
		t->id_bytes += id.len;
		thread_node_new(t);
	}
	return node;
}

/* Is a the same as b, or a descendant of it? */
static bool
comes_of(struct threads *t, uint32_t a, uint32_t b)
{
	if (a == b)
		return true;
	if (t->nodes[b].count == 0)
		return false;
	while (a != THREAD_NONE && a != b) {
		a = t->nodes[a].parent;
		t->steps++;
	}
	return a == b;
}

static void
parent_set(struct threads *t, uint32_t parent, uint32_t child)
{
	if (comes_of(t, parent, child))
		return;
	t->nodes[child].parent = parent;
	t->nodes[parent].count++;
}

static void
parent_unset(struct threads *t, uint32_t child)
{
	uint32_t parent = t->nodes[child].parent;

	if (parent != THREAD_NONE)
		t->nodes[parent].count--;
	t->nodes[child].parent = THREAD_NONE;
}

/* Step 1: a message without an ID, or with that of an earlier one, gets a unique
 * ID. */
static uint32_t
message_node(struct threads *t, const struct str *id)
{
	struct span line, rest = str_span(id);
	uint32_t node;

	if (span_line(&rest, &line)) {
		node = id_node(t, line);
		if (node == THREAD_NONE ||
		    t->nodes[node].message == THREAD_NONE)
			return node;
	}
	return t->node_count < THREAD_NODES_MAX ? thread_node_new(t)
						: THREAD_NONE;
}

int
thread_link(struct threads *t, uint32_t message, const struct sortkeys *k)
{
	struct span rest = str_span(&k->text[SORTKEY_REFERENCES]), id;
	uint32_t self = message_node(t, &k->text[SORTKEY_ID]);
	uint32_t before = THREAD_NONE;

	if (self == THREAD_NONE)
		return -1;
	t->nodes[self].message = message;
	/* Step 1 (A): an existing link stays. */
	while (span_line(&rest, &id)) {
		uint32_t node = id_node(t, id);

		if (node == THREAD_NONE)
			return -1;
		if (before != THREAD_NONE &&
		    t->nodes[node].parent == THREAD_NONE)
			parent_set(t, before, node);
		before = node;
	}
	/* Step 1 (B): the last one becomes the parent, replacing any other. */
	parent_unset(t, self);
	if (before != THREAD_NONE)
		parent_set(t, before, self);
	return t->steps > THREAD_STEPS_MAX ? -1 : 0;
}

/* List all nodes, each after its parent. The lists of children are consumed. */
static uint32_t *
nodes_in_order(struct threads *t)
{
	uint32_t *order = mem_resize(NULL, t->node_count, sizeof *order);
	uint32_t n = 1;

	/* Step 2: nodes without parent become the root's children. */
	for (uint32_t i = 1; i < t->node_count; i++) {
		if (t->nodes[i].parent == THREAD_NONE)
			t->nodes[i].parent = 0;
		thread_child_add(t, t->nodes[i].parent, i);
	}
	order[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct thread_node *node = &t->nodes[order[i]];

		for (uint32_t c = node->first; c != THREAD_NONE;
		     c = t->nodes[c].next)
			order[n++] = c;
		node->first = node->last = THREAD_NONE;
	}
	return order;
}

/* Step 3: a dummy is replaced by its children, but below the root only if it has
 * just one. Children are handled before their parents. */
void
thread_prune(struct threads *t)
{
	uint32_t *order = nodes_in_order(t);

	for (uint32_t i = t->node_count; i-- > 1;) {
		const struct thread_node *n = &t->nodes[order[i]];
		uint32_t parent = n->parent;

		if (n->message != THREAD_NONE ||
		    (parent == 0 && n->first != n->last))
			thread_child_add(t, parent, order[i]);
		else
			thread_children_move(t, parent, order[i]);
	}
	free(order);
}
