/* What all parts of a report ask of it. */
#include "report.h"

bool
report_is_utf8(const struct report *r)
{
	return !span_is_ascii(r->envelope->from);
}

bool
report_is_double(const struct report *r)
{
	return r->envelope->from.len == 0;
}

size_t
report_count(const struct report *r, size_t *first_r)
{
	size_t n = 0;

	for (size_t i = r->envelope->count; i-- > 0;)
		if (r->chosen[i]) {
			n++;
			if (first_r != NULL)
				*first_r = i;
		}
	return n;
}
