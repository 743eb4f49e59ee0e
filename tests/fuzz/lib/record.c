/* Any line is read as a record; what was read can be written and read again. */
#include <stdlib.h>

#include "base/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = { (const char *)data, size }, key;
	struct str value = STR_INIT, again = STR_INIT, second = STR_INIT;
	uint64_t n;

	record_is(line, "job");
	record_get_number(line, "n", UINT32_MAX, &n);
	while (record_next(&line, &key, &value)) {
		str_clear(&again);
		record_add(&again, "k", str_span(&value));
		if (!record_get(str_span(&again), "k", &second) ||
		    !span_equal(str_span(&value), str_span(&second)))
			abort();
	}
	str_free(&value);
	str_free(&again);
	str_free(&second);
	return 0;
}
