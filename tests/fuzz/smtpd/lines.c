/* The text that comes out is the same however the bytes were cut, holds no CR
 * that was not noticed, and is never longer than what went in. */
#include <stdlib.h>

#include "../../../bin/smtpd/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
feed(struct lines *l, struct span all, size_t piece, struct str *out)
{
	size_t at = 0;

	while (at < all.len) {
		struct span in = span_head(span_from(all, at), piece);
		size_t len = in.len;
		bool ended = lines_feed(l, &in, out);

		at += len - in.len;
		if (ended)
			break;
	}
	return at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = { (const char *)data, size };
	struct str whole = STR_INIT, pieces = STR_INIT;
	struct lines a = { .state = LINES_START }, b = a;
	size_t end;

	if (size < 1)
		return 0;
	a.opaque = b.opaque = data[0] & 1;
	all = span_from(all, 1);
	end = feed(&a, all, all.len, &whole);
	if (feed(&b, all, (size_t)(data[0] >> 1) % 7 + 1, &pieces) != end ||
	    !span_equal(str_span(&whole), str_span(&pieces)) ||
	    a.bare_cr != b.bare_cr || a.bare_lf != b.bare_lf || a.nul != b.nul)
		abort();
	if (whole.len > all.len ||
	    (!a.bare_cr && span_find(str_span(&whole), '\r') < whole.len))
		abort();
	str_free(&whole);
	str_free(&pieces);
	return 0;
}
