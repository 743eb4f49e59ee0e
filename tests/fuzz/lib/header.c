/* The fields and the body are all of the message, in order. */
#include <stdlib.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size };
	struct str value = STR_INIT;
	struct header_field f;
	const char *at = rest.at;

	while (header_next(&rest, &f)) {
		if (f.whole.at != at || f.whole.len == 0)
			abort();
		at += f.whole.len;
		str_clear(&value);
		header_unfold(&value, f.value);
		if (value.len > f.value.len)
			abort();
	}
	if (rest.at < at || rest.at > at + 2)
		abort();
	str_free(&value);
	return 0;
}
