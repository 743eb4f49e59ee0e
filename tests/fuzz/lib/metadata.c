/* A mailbox's file of annotations: total, and what is read is written the same
 * again. */
#include "store/metadata.h"

#include "store/special_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct str again = STR_INIT;
	struct metadata m, n;
	unsigned uses;

	metadata_name_is_valid(text, true);
	special_uses_parse(text, &uses);
	if (metadata_parse(text, &m)) {
		metadata_format(&again, m.at, m.count);
		if (!metadata_parse(str_span(&again), &n) || n.count != m.count)
			__builtin_trap();
		for (size_t i = 0; i < m.count; i++)
			if (!span_equal(m.at[i].name, n.at[i].name) ||
			    !span_equal(m.at[i].value, n.at[i].value))
				__builtin_trap();
		metadata_free(&n);
	}
	metadata_free(&m);
	str_free(&again);
	return 0;
}
