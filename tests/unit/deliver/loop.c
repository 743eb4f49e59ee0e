/* bin/deliver: loops of a graph, against a model that tries all ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../../bin/deliver/loop.h"

enum { NODES = 12, EDGES = 40, LONG = 200000 };

struct graph {
	size_t count;
	uint32_t starts[NODES + 1], edges[EDGES];
	bool leads[NODES][NODES];
};

static void
graph_make(struct graph *g, unsigned seed)
{
	uint32_t n = 0;

	memset(g, 0, sizeof *g);
	srandom(seed);
	g->count = 1 + (size_t)random() % NODES;
	for (size_t i = 0; i < g->count; i++) {
		g->starts[i] = n;
		for (long k = random() % 4; k > 0 && n < EDGES; k--) {
			g->edges[n] = (uint32_t)((size_t)random() % g->count);
			g->leads[i][g->edges[n++]] = true;
		}
	}
	g->starts[g->count] = n;
	/* Warshall: whatever can be reached. */
	for (size_t k = 0; k < g->count; k++)
		for (size_t i = 0; i < g->count; i++)
			for (size_t j = 0; j < g->count; j++)
				g->leads[i][j] |= g->leads[i][k] &&
				    g->leads[k][j];
}

static void
loops_are_those_that_lead_back(void **state)
{
	bool on[NODES];
	struct graph g;

	(void)state;
	for (unsigned seed = 1; seed <= 20000; seed++) {
		graph_make(&g, seed);
		loops_find(g.starts, g.edges, g.count, on);
		for (size_t i = 0; i < g.count; i++)
			if (on[i] != g.leads[i][i])
				fail_msg("seed %u, node %zu", seed, i);
	}
}

/* One after another, the last to the first or to nobody: neither may use the
 * stack up. */
static void
long_chains_need_no_recursion(void **state)
{
	uint32_t *starts = calloc(LONG + 1, sizeof *starts);
	uint32_t *edges = calloc(LONG, sizeof *edges);
	bool *on = calloc(LONG, sizeof *on);

	(void)state;
	for (uint32_t i = 0; i < LONG; i++) {
		starts[i] = i;
		edges[i] = (i + 1) % LONG;
	}
	starts[LONG] = LONG;
	loops_find(starts, edges, LONG, on);
	assert_true(on[0] && on[LONG / 2] && on[LONG - 1]);
	starts[LONG] = LONG - 1;
	loops_find(starts, edges, LONG, on);
	assert_false(on[0] || on[LONG / 2] || on[LONG - 1]);
	free(starts);
	free(edges);
	free(on);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loops_are_those_that_lead_back),
		cmocka_unit_test(long_chains_need_no_recursion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
