#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/str.h"

enum { BLOCK = 4000 }; /* bytes of payload; with malloc's own under a page */

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *
block_new(size_t size)
{
	struct arena_block *b;

	if (__builtin_add_overflow(size, sizeof *b, &size))
		die(TEMP, "memory for a block of the arena");
	b = mem_resize(NULL, size, 1);
	b->next = NULL;
	b->size = size - sizeof *b;
	b->used = 0;
	return b;
}

void *
arena_new(struct arena *a, size_t size)
{
	const size_t unit = alignof(max_align_t);
	struct arena_block *b = a->blocks;
	void *p;

	if (size > SIZE_MAX - unit)
		die(TEMP, "memory for %zu bytes", size);
	size = (size + unit - 1) / unit * unit;
	if (b == NULL || b->size - b->used < size) {
		b = block_new(size > BLOCK ? size : BLOCK);
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += size;
	return memset(p, 0, size);
}

struct span
arena_copy(struct arena *a, struct span s)
{
	char *p = arena_new(a, s.len + 1);

	if (s.len > 0)
		memcpy(p, s.at, s.len);
	return (struct span){ p, s.len };
}

void
arena_clear(struct arena *a)
{
	struct arena_block *keep = NULL, *next;

	for (struct arena_block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (keep == NULL && b->size <= 2 * BLOCK)
			keep = b;
		else
			free(b);
	}
	if (keep != NULL) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->blocks = keep;
}

void
arena_free(struct arena *a)
{
	arena_clear(a);
	free(a->blocks);
	a->blocks = NULL;
}

void
arena_wipe(struct arena *a)
{
	for (struct arena_block *b = a->blocks; b != NULL; b = b->next)
		explicit_bzero(b->bytes, b->used);
	arena_free(a);
}
