#include "os/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/sandbox.h"

enum {
	LARGEST = 65536,
	SMALLEST = 16,
	STEP = 16,
	COARSE = 1024,
	PIECES_MAX = 5000,
	HEAD = 2 *
	    sizeof(size_t), /* per piece; half of it belongs to the previous
			     * one */
	ROOM = 131072,      /* for children to grow into */
};

/* The address of a piece that is never used; 0: no memory. Volatile, or the
 * compiler would drop the allocation. */
static uintptr_t
piece_take(size_t size)
{
	void *volatile piece = malloc(size);

	return (uintptr_t)piece;
}

/* Allocate pieces of this size until the heap had to grow for one. */
static void
gaps_take(size_t size)
{
	size_t before = mallinfo2().arena;

	/* Bounded, for allocators other than glibc's. */
	for (int i = 0; i < PIECES_MAX && mallinfo2().arena == before; i++)
		if (piece_take(size) == 0)
			return;
}

/* Fill up the page, so that the next piece begins one. */
static void
page_fill(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t last = piece_take(1);
	uintptr_t end = last - HEAD + malloc_usable_size((void *)last) +
	    HEAD / 2;

	piece_take(page - end % page - HEAD / 2);
} /* NOLINT: never freed */

void
heap_settle(void)
{
	size_t size = LARGEST;

	if (SANDBOX_SANITIZED)
		return;
	mallopt(M_TOP_PAD, 0); /* the heap grows by the amount requested */
	malloc_trim(0);
	while (size >= SMALLEST) {
		gaps_take(size - sizeof(size_t));
		size -= size > COARSE ? size / 8 / STEP * STEP : STEP;
	}
	mallopt(M_TOP_PAD, ROOM);
	page_fill();
}
