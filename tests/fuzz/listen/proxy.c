#include <stdlib.h>

#include "../../../bin/listen/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy p;
	struct span all = { (const char *)data, size };
	int len = proxy_parse(all, &p);

	/* The answer does not depend on what follows, or on how it came. */
	if (len > (int)size || len > PROXY_MAX)
		abort();
	for (size_t n = 0; len > 0 && n < (size_t)len; n++)
		if (proxy_parse(span_head(all, n), &p) != 0)
			abort();
	if (len > 0 && proxy_parse(span_head(all, (size_t)len), &p) != len)
		abort();
	return 0;
}
