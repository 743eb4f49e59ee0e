/* The addresses of a list are made of its bytes, in their order; the place for
 * a domain lies in the list, behind the address; the list ends. */
#include <stdlib.h>

#include "mail/mailboxes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span list = { (const char *)data, size }, rest = list, behind;
	struct str address = STR_INIT;

	while (mailboxes_next(&rest, &address, &behind)) {
		const char *end = list.at + list.len;

		if (address.len == 0 || address.len > 2 * size)
			abort();
		if (behind.at <= list.at || behind.at > end ||
		    behind.at + behind.len != end || behind.at > rest.at)
			abort();
		mailbox_is_bare(str_span(&address));
	}
	if (rest.len != 0)
		abort();
	str_free(&address);
	return 0;
}
