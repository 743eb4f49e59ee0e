/* The fields and the body are all of the message, in order, and end where they
 * end for a reader that gets the bytes in pieces. */
#include <stdlib.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
scan(struct span in)
{
	struct header_scan s = { 0 };
	size_t whole = header_size(in);

	for (size_t at = 0, n = 1; at < in.len && !s.ended;
	     at += n, n = n % 7 + 1)
		header_scan(&s, span_head(span_from(in, at), n));
	if (header_scan_size(&s) != whole || (s.ended && s.size != whole) ||
	    (!s.ended && s.seen != in.len))
		abort();
	/* What has ended does not change by what follows. */
	for (size_t n = 0; s.ended && n < 3 && s.seen + n < in.len; n++)
		if (header_size(span_head(in, (size_t)s.seen + 1 + n)) != whole)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size };
	struct str value = STR_INIT;
	struct header_field f;
	const char *at = rest.at;

	while (header_next(&rest, &f)) {
		if (f.whole.at != at || f.whole.len == 0)
			abort();
		at += f.whole.len;
		str_clear(&value);
		header_unfold(&value, f.value);
		if (value.len > f.value.len)
			abort();
	}
	if (rest.at < at || rest.at > at + 2)
		abort();
	scan((struct span){ (const char *)data, size });
	str_free(&value);
	return 0;
}
