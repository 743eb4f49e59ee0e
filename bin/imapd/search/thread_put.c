/* The THREAD response (RFC 5256 4). */
#include <stdlib.h>

#include "search/thread.h"

/* A stack of what is still to be written: nodes and parentheses. */
enum { OPEN, CLOSE, NODE };
struct left {
	uint32_t node;
	int what;
};
struct stack {
	struct left *at;
	size_t count, room;
};

static void
push(struct stack *s, int what, uint32_t node)
{
	if (s->count == s->room) {
		s->room = 2 * s->room + 64;
		s->at = mem_resize(s->at, s->room, sizeof *s->at);
	}
	s->at[s->count++] = (struct left){ node, what };
}

/* Push children, so that the first is written first. */
static void
push_children(struct stack *s, const struct threads *t, uint32_t node)
{
	const struct thread_node *n = &t->nodes[node];
	size_t from, to;

	if (n->first == n->last && node != 0) {
		if (n->first != THREAD_NONE)
			push(s, NODE, n->first);
		return;
	}
	from = s->count;
	for (uint32_t c = n->first; c != THREAD_NONE; c = t->nodes[c].next) {
		push(s, OPEN, c);
		push(s, NODE, c);
		push(s, CLOSE, c);
	}
	for (to = s->count; from + 1 < to; from++) {
		struct left swap = s->at[from];

		s->at[from] = s->at[--to];
		s->at[to] = swap;
	}
}

static void
node_put(struct str *out, const struct threads *t, uint32_t node)
{
	const struct thread_node *n = &t->nodes[node];

	if (n->message == THREAD_NONE)
		return;
	if (out->len > 0 && out->at[out->len - 1] != '(')
		str_add_byte(out, ' ');
	str_add_number(out, t->messages[n->message].number);
	if (n->first != n->last)
		str_add_byte(out, ' ');
}

void
threads_put(struct str *out, const struct threads *t)
{
	struct stack s = { .at = NULL };

	push_children(&s, t, 0);
	while (s.count > 0) {
		struct left l = s.at[--s.count];

		if (l.what == OPEN) {
			str_add_byte(out, '(');
		} else if (l.what == CLOSE) {
			str_add_byte(out, ')');
		} else {
			node_put(out, t, l.node);
			push_children(&s, t, l.node);
		}
	}
	free(s.at);
}
