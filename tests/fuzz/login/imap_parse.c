#include <stdlib.h>

#include "../../../bin/login/imap_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, tag, verb;
	struct str value = STR_INIT;
	uint64_t n;
	bool waits;

	imap_literal(rest, &n, &waits);
	if (imap_tag(&rest, 128, &tag) && imap_atom(&rest, &verb))
		while (span_take(&rest, ' ') && imap_astring(&rest, &value))
			if (value.len > size)
				abort();
	str_free(&value);
	return 0;
}
