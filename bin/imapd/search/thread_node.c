/* The nodes of THREAD's trees. */
#include "search/thread.h"

uint32_t
thread_node_new(struct threads *t)
{
	if (t->node_count == t->node_room) {
		t->node_room = 2 * t->node_room + 64;
		t->nodes = mem_resize(t->nodes, t->node_room, sizeof *t->nodes);
	}
	t->nodes[t->node_count] = (struct thread_node){ THREAD_NONE,
		THREAD_NONE, THREAD_NONE, THREAD_NONE, THREAD_NONE, 0 };
	return t->node_count++;
}

void
thread_child_add(struct threads *t, uint32_t parent, uint32_t child)
{
	struct thread_node *p = &t->nodes[parent];

	t->nodes[child].next = THREAD_NONE;
	if (p->first == THREAD_NONE)
		p->first = child;
	else
		t->nodes[p->last].next = child;
	p->last = child;
}

void
thread_children_move(struct threads *t, uint32_t to, uint32_t from)
{
	struct thread_node *a = &t->nodes[to], *b = &t->nodes[from];

	if (b->first == THREAD_NONE)
		return;
	if (a->first == THREAD_NONE)
		a->first = b->first;
	else
		t->nodes[a->last].next = b->first;
	a->last = b->last;
	b->first = b->last = THREAD_NONE;
}

struct span
thread_subject(const struct threads *t, uint32_t node)
{
	const struct thread_node *n = &t->nodes[node];
	const struct thread_message *m;

	if (n->message == THREAD_NONE)
		n = &t->nodes[n->first];
	m = &t->messages[n->message];
	return (struct span){ t->texts.at + m->at, m->len };
}
