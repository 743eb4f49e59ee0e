/* The first words of a message: UTF-8 in one line, never too many. */
#include <stdlib.h>

#include "mail/preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct str words = STR_INIT;
	size_t characters = 0;

	preview_add(
	    &words, mime_parse(&a, (struct span){ (const char *)data, size }));
	for (size_t i = 0; i < words.len; i++)
		characters += ((unsigned char)words.at[i] & 0xc0) != 0x80;
	if (characters > PREVIEW_MAX || !span_is_utf8(str_span(&words)) ||
	    !span_is_clean(str_span(&words)))
		abort();
	str_free(&words);
	arena_free(&a);
	return 0;
}
