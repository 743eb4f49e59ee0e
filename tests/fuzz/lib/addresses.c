/* An address list gives balanced parentheses outside of its strings. */
#include <stdlib.h>

#include "mail/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str out = STR_INIT;
	int depth = 0;

	envelope_addresses(&out, (struct span){ (const char *)data, size });
	for (struct span rest = str_span(&out); rest.len > 0;) {
		uint64_t n;
		char c;

		span_take_byte(&rest, &c);
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (depth < 0 || depth > 1)
			abort();
		if (c == '{') {
			if (!span_number(&rest, SIZE_MAX, &n) || n == 0)
				abort();
			rest = span_from(rest, n + 3);
		} else if (c == '"') {
			while (span_take_byte(&rest, &c) && c != '"')
				if (c == '\\')
					span_take_byte(&rest, &c);
		}
	}
	if (depth != 0)
		abort();
	str_free(&out);
	return 0;
}
