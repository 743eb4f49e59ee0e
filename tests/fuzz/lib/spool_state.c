/* Reading a state file never fails in a bad way. */
#include <stdlib.h>

#include "spool/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope e;
	struct state st;

	envelope_init(&e);
	state_init(&st);
	for (size_t i = 0; i < 3; i++)
		envelope_to(&e, &(struct recipient){ .address = SPAN("a@b") });
	state_parse((struct span){ (const char *)data, size }, &e, &st);
	if (st.count != e.count)
		abort();
	for (size_t i = 0; i < st.count; i++)
		if (st.results[i].index != i || st.results[i].verdict < 0 ||
		    st.results[i].next < 0 ||
		    st.results[i].report > st.report_count ||
		    (i >= 3 && e.recipients[i].of >= i))
			abort();
	state_free(&st);
	envelope_free(&e);
	return 0;
}
