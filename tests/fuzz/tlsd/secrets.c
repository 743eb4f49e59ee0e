#include <stdlib.h>

#include "../../../bin/tlsd/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size }, rest = in, number;

	while (secrets_next(&rest, &number))
		if (number.at < in.at ||
		    number.at + number.len > in.at + in.len || number.len < 16)
			abort();
	return 0;
}
