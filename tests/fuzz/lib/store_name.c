/* Names of files in a Maildir: what was read is written back the same. */
#include <stdlib.h>

#include "store/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { (const char *)data, size };
	struct str first = STR_INIT, second = STR_INIT;
	struct name n, again;

	if (name_parse(file, &n)) {
		name_format(&first, &n, true);
		if (!name_parse(str_span(&first), &again)) {
			/* A field that the name lacked made it too long. */
			if (first.len <= NAME_MAX_LEN)
				abort();
		} else {
			name_format(&second, &again, true);
			if (!span_equal(str_span(&first), str_span(&second)) ||
			    !span_equal(n.base, again.base) ||
			    n.uid != again.uid || n.flags != again.flags ||
			    n.keywords != again.keywords)
				abort();
		}
	}
	str_free(&first);
	str_free(&second);
	return 0;
}
