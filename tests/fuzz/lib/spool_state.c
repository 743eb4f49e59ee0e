/* Reading a state file never fails in a bad way. */
#include <stdlib.h>

#include "spool/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { COUNT_OF = 3 };
	struct arena a = ARENA_INIT;
	struct result r[COUNT_OF];

	state_parse((struct span){ (const char *)data, size }, &a, r, COUNT_OF);
	for (size_t i = 0; i < COUNT_OF; i++)
		if (r[i].index != i || r[i].verdict < 0 || r[i].next < 0)
			abort();
	arena_free(&a);
	return 0;
}
