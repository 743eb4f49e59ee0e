/* Decoding for people always gives well-formed UTF-8 without line ends. */
#include <stdlib.h>

#include "mail/decode.h"
#include "mail/fold.h"
#include "mail/word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct str text = STR_INIT, folded = STR_INIT, body = STR_INIT;

	word_decode(&text, in);
	fold_add(&folded, str_span(&text));
	if (!span_is_utf8(str_span(&text)) || !span_is_utf8(str_span(&folded)))
		abort();
	decode_base64(&body, in);
	decode_quoted(&body, in);
	str_free(&text);
	str_free(&folded);
	str_free(&body);
	return 0;
}
