/* A network of `relay` or of listen: what is read covers its own address. */
#include <stdlib.h>

#include "net/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct network_list l = { NULL, 0, 0 };
	struct network n;

	if (network_parse(text, &n)) {
		network_add(&l, &n);
		if (n.bits > 128 ||
		    !network_has(&l, span_head(text, span_find(text, '/'))))
			abort();
	}
	network_free(&l);
	return 0;
}
