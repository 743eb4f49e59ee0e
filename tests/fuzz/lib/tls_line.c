/* Whatever the administrator writes behind a domain in tls-policy. */
#include <stdlib.h>

#include "net/tls_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct tls_line l;

	if (tls_line_parse((struct span){ (const char *)data, size }, &a, &l) ==
	    NULL) {
		if ((l.word == TLS_WORD_PIN) != (l.pin_count > 0) ||
		    (l.word != TLS_WORD_VERIFY && l.name_count > 0))
			abort();
		for (size_t i = 0; i < l.name_count; i++)
			if (l.names[i].len < 1)
				abort();
	}
	arena_free(&a);
	return 0;
}
