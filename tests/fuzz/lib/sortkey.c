/* Keys of any header can be kept: they are well-formed, and the same again. */
#include <stdlib.h>

#include "mail/sortkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct str base = STR_INIT, again = STR_INIT;
	struct sortkeys k;

	sortkeys_init(&k);
	sortkeys_take(&k, (1U << SORTKEYS) - 1, in);
	for (enum sortkey i = 0; i <= SORTKEY_SUBJECT; i++)
		if (!span_is_utf8(str_span(&k.text[i])))
			abort();
	for (enum sortkey i = SORTKEY_ID; i < SORTKEYS; i++)
		if (k.text[i].len > 0 &&
		    k.text[i].at[k.text[i].len - 1] != '\n')
			abort();
	sortkeys_free(&k);
	/* What has no encoded word left has nothing more to take off. */
	base_subject(&base, in);
	if (span_find_case(str_span(&base), SPAN("=?")) == base.len) {
		if (base_subject(&again, str_span(&base)) ||
		    !span_equal(str_span(&again), str_span(&base)))
			abort();
	}
	str_free(&base);
	str_free(&again);
	return 0;
}
