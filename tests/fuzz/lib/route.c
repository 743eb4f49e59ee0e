/* A line of `routes` is read or complained of; and the key of a destination,
 * read as the targets of a line, is the same destination. */
#include <stdlib.h>

#include "net/route_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct str wrong = STR_INIT, again = STR_INIT;
	struct span line = { (const char *)data, size };
	struct route_line first, second;

	if (span_find(line, '\n') < size || span_trim(line).len == 0)
		return 0;
	if (!route_parse(line, &arena, &first, &wrong)) {
		if (wrong.len == 0 || first.route.count != 0)
			abort();
	} else if (first.route.targets[0].kind != TARGET_NONE &&
	    !span_equal(span_head(first.route.key, 5), SPAN("error"))) {
		str_setf(&again, "%s ", first.domain.at);
		str_add(&again, first.route.key);
		if (again.len < ROUTE_LINE_MAX &&
		    (!route_parse(str_span(&again), &arena, &second, &wrong) ||
			!span_equal(first.domain, second.domain) ||
			!span_equal(first.route.key, second.route.key)))
			abort();
	}
	str_free(&wrong);
	str_free(&again);
	arena_free(&arena);
	return 0;
}
