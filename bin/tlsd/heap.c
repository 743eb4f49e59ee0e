#include "heap.h"

#include <malloc.h>
#include <stdlib.h>

enum { LARGEST = 65536, SMALLEST = 16, STEP = 16, COARSE = 1024 };

/* Allocate pieces of this size until the heap had to grow for one. */
static void
gaps_take(size_t size)
{
	size_t before = mallinfo2().arena;

	while (mallinfo2().arena == before)
		if (malloc(size) == NULL)
			return;
}

void
heap_settle(void)
{
	size_t size = LARGEST;

	mallopt(M_TOP_PAD, 0); /* the heap grows by what is asked for */
	malloc_trim(0);
	while (size >= SMALLEST) {
		gaps_take(size - sizeof(size_t));
		size -= size > COARSE ? size / 8 / STEP * STEP : STEP;
	}
}
