/* Sort siblings by sent date, steps 4 and 6 of REFERENCES (RFC 5256 3), and
 * ORDEREDSUBJECT. */
#include <stdlib.h>

#include "search/thread.h"

/* RFC 5256 2.2: messages with the same date are in the mailbox's order. */
static int
message_compare(const struct threads *t, uint32_t a, uint32_t b)
{
	int64_t x = t->messages[a].date, y = t->messages[b].date;

	if (x != y)
		return x < y ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Children, each with the message that it is sorted by. */
struct place {
	uint32_t node, message;
};

static int
by_date(const void *a, const void *b, void *arg)
{
	const struct place *x = a, *y = b;

	return message_compare(arg, x->message, y->message);
}

/* A dummy is sorted by its first child. */
static uint32_t
node_message(const struct threads *t, uint32_t node)
{
	const struct thread_node *n = &t->nodes[node];

	return n->message != THREAD_NONE ? n->message
					 : t->nodes[n->first].message;
}

/* latest: the message to sort by, for each node, instead of its own. */
static void
children_sort(struct threads *t, uint32_t node, const uint32_t *latest)
{
	uint32_t count = 0, c;
	struct place *all;

	for (c = t->nodes[node].first; c != THREAD_NONE; c = t->nodes[c].next)
		count++;
	if (count < 2)
		return;
	all = mem_resize(NULL, count, sizeof *all);
	count = 0;
	for (c = t->nodes[node].first; c != THREAD_NONE; c = t->nodes[c].next)
		all[count++] = (struct place){ c,
			latest != NULL ? latest[c] : node_message(t, c) };
	qsort_r(all, count, sizeof *all, by_date, t);
	t->nodes[node].first = t->nodes[node].last = THREAD_NONE;
	for (uint32_t i = 0; i < count; i++)
		thread_child_add(t, node, all[i].node);
	free(all);
}

void
thread_sort(struct threads *t, uint32_t node)
{
	children_sort(t, node, NULL);
}

/* The latest message of each thread, by the thread's first node. Nodes come after
 * their parents. */
static uint32_t *
latest_find(const struct threads *t)
{
	uint32_t *order = mem_resize(NULL, t->node_count, sizeof *order);
	uint32_t *head = mem_resize(NULL, t->node_count, sizeof *head);
	uint32_t *latest = mem_resize(NULL, t->node_count, sizeof *latest);
	uint32_t n = 1;

	order[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t node = order[i];

		for (uint32_t c = t->nodes[node].first; c != THREAD_NONE;
		     c = t->nodes[c].next) {
			uint32_t own = node_message(t, c);
			uint32_t h = node == 0 ? c : head[node];

			order[n++] = c;
			head[c] = h;
			if (node == 0 || message_compare(t, own, latest[h]) > 0)
				latest[h] = own;
		}
	}
	free(order);
	free(head);
	return latest;
}

void
thread_sort_latest(struct threads *t)
{
	uint32_t *latest = latest_find(t);

	children_sort(t, 0, latest);
	free(latest);
}

void
thread_sort_root(struct threads *t)
{
	for (uint32_t c = t->nodes[0].first; c != THREAD_NONE;
	     c = t->nodes[c].next)
		if (t->nodes[c].message == THREAD_NONE)
			thread_sort(t, c);
	thread_sort(t, 0);
}

/* Only the root's children can be dummies, so the others may be sorted in any
 * order. */
void
thread_sort_all(struct threads *t)
{
	for (uint32_t i = t->node_count; i-- > 0;)
		thread_sort(t, i);
}

static int
by_subject(const void *a, const void *b, void *arg)
{
	const struct threads *t = arg;
	const uint32_t *x = a, *y = b;
	int d = span_compare((struct span){ t->texts.at + t->messages[*x].at,
				 t->messages[*x].len },
	    (struct span){
		t->texts.at + t->messages[*y].at, t->messages[*y].len });

	return d != 0 ? d : message_compare(t, *x, *y);
}

/* The first message with a subject gets all others as children. Without IDs, node
 * i + 1 is message i. */
void
thread_group(struct threads *t)
{
	uint32_t *all = mem_resize(NULL, t->message_count + 1U, sizeof *all);
	uint32_t head = 0;

	for (uint32_t i = 0; i < t->message_count; i++)
		all[i] = i;
	qsort_r(all, t->message_count, sizeof *all, by_subject, t);
	for (uint32_t i = 0; i < t->message_count; i++) {
		uint32_t node = all[i] + 1;

		if (head != 0 &&
		    span_equal(
			thread_subject(t, head), thread_subject(t, node))) {
			thread_child_add(t, head, node);
		} else {
			thread_child_add(t, 0, node);
			head = node;
		}
	}
	thread_sort(t, 0);
	free(all);
}
