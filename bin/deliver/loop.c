/* Tarjan's strongly connected components. A node is in a loop if its component
 * has other nodes, or it has an edge to itself. */
#include "loop.h"

#include <stdlib.h>

#include "base/str.h"

struct visit {
	uint32_t order; /* when the node was reached; 0: never */
	uint32_t low;   /* the earliest open node reachable */
	uint32_t next;  /* the next edge */
	uint32_t from;  /* the predecessor */
	bool open;      /* its component is not known yet */
};
struct search {
	const uint32_t *starts, *edges;
	struct visit *visits;
	uint32_t *open; /* stack of open nodes */
	size_t open_count;
	uint32_t clock;
	bool *in_loop;
};

static void
node_enter(struct search *s, uint32_t node, uint32_t from)
{
	s->clock++;
	s->visits[node] = (struct visit){ s->clock, s->clock, s->starts[node],
		from, true };
	s->open[s->open_count++] = node;
}

static void
low_take(struct visit *v, uint32_t low)
{
	if (low < v->low)
		v->low = low;
}

/* All edges are done. The first of a component closes it. */
static void
node_leave(struct search *s, uint32_t node)
{
	struct visit *v = &s->visits[node];
	bool several = s->open[s->open_count - 1] != node;
	uint32_t last;

	if (v->low < v->order) {
		low_take(&s->visits[v->from], v->low);
		return;
	}
	do {
		last = s->open[--s->open_count];
		s->visits[last].open = false;
		s->in_loop[last] |= several;
	} while (last != node);
}

static void
search_from(struct search *s, uint32_t root)
{
	uint32_t node = root;

	node_enter(s, root, root);
	for (;;) {
		struct visit *v = &s->visits[node];
		uint32_t to;

		if (v->next == s->starts[node + 1]) {
			node_leave(s, node);
			if (node == root)
				return;
			node = v->from;
			continue;
		}
		to = s->edges[v->next++];
		s->in_loop[node] |= to == node;
		if (s->visits[to].order == 0) {
			node_enter(s, to, node);
			node = to;
		} else if (s->visits[to].open) {
			low_take(v, s->visits[to].order);
		}
	}
}

void
loops_find(const uint32_t *starts, const uint32_t *edges, size_t count,
    bool *in_loop_r)
{
	struct search s = { .starts = starts,
		.edges = edges,
		.visits = mem_new(count * sizeof *s.visits),
		.open = mem_new(count * sizeof *s.open),
		.in_loop = in_loop_r };

	for (size_t i = 0; i < count; i++)
		in_loop_r[i] = false;
	for (uint32_t i = 0; i < count; i++)
		if (s.visits[i].order == 0)
			search_from(&s, i);
	free(s.visits);
	free(s.open);
}
