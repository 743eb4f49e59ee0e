/* Reading a path never fails in a bad way, and an address that was written is
 * read back as the same. */
#include <stdlib.h>

#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size };
	struct str text = STR_INIT;
	struct address a, b;

	if (address_take_path(&rest, &a) && a.domain.len > 0) {
		address_text(&a, &text);
		if (text.len <= ADDRESS_LOCAL_MAX &&
		    (!address_parse(str_span(&text), &b) ||
			!address_equal(&a, &b)))
			abort();
	}
	str_free(&text);
	return 0;
}
