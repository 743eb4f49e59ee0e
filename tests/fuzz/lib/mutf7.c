/* Modified UTF-7: never two forms of one text, nor two texts of one form. */
#include <stdlib.h>

#include "mail/mutf7.h"
#include "store/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
both_ways(struct span in, const char *also)
{
	struct str there = STR_INIT, back = STR_INIT;

	if (mutf7_decode(&there, in, also) &&
	    (!span_is_utf8(str_span(&there)) ||
		!mutf7_encode(&back, str_span(&there), also) ||
		!span_equal(str_span(&back), in)))
		abort();
	str_clear(&there);
	str_clear(&back);
	if (mutf7_encode(&there, in, also) &&
	    (!span_is_ascii(str_span(&there)) ||
		!mutf7_decode(&back, str_span(&there), also) ||
		!span_equal(str_span(&back), in)))
		abort();
	str_free(&there);
	str_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct str dir = STR_INIT, name = STR_INIT;

	both_ways(in, "");
	both_ways(in, ".");
	/* No mailbox leads out of the Maildir. */
	if (mailbox_directory(in, &dir) &&
	    (dir.at[0] != '.' || dir.at[1] == '.' ||
		span_find(str_span(&dir), '/') < dir.len ||
		!mailbox_of_directory(str_span(&dir), &name)))
		abort();
	str_free(&dir);
	str_free(&name);
	return 0;
}
