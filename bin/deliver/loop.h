/* Loops of a graph. */
#ifndef DELIVER_LOOP_H
#define DELIVER_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of the count nodes are in a loop, that is, reachable from themselves.
 * The edges of node i lead to the nodes edges[starts[i]] up to, not including,
 * edges[starts[i + 1]]. Linear in nodes and edges, no recursion. */
void loops_find(const uint32_t *starts, const uint32_t *edges, size_t count,
    bool *in_loop_r);

#endif
