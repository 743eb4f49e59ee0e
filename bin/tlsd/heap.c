#include "heap.h"

#include <malloc.h>
#include <stdlib.h>

#include "os/sandbox.h"

enum {
	LARGEST = 65536,
	SMALLEST = 16,
	STEP = 16,
	COARSE = 1024,
	PIECES_MAX = 5000
};

/* Allocate pieces of this size until the heap had to grow for one. */
static void
gaps_take(size_t size)
{
	size_t before = mallinfo2().arena;

	/* Bounded, for an allocator that is not glibc's. */
	for (int i = 0; i < PIECES_MAX && mallinfo2().arena == before; i++)
		/* cppcheck-suppress leakReturnValNotUsed */
		if (malloc(size) == NULL)
			return;
}

void
heap_settle(void)
{
	size_t size = SANDBOX_SANITIZED ? 0 : LARGEST;

	mallopt(M_TOP_PAD, 0); /* the heap grows by what is asked for */
	malloc_trim(0);
	while (size >= SMALLEST) {
		gaps_take(size - sizeof(size_t));
		size -= size > COARSE ? size / 8 / STEP * STEP : STEP;
	}
}
