/* URLs of CATENATE. */
#include <stdlib.h>

#include "../../../bin/imapd/append/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct url u;

	if (url_parse((struct span){ (const char *)data, size }, &a, &u) &&
	    (u.uid == 0 || !span_is_utf8(u.mailbox) ||
		!span_is_clean(u.section)))
		abort();
	arena_free(&a);
	return 0;
}
