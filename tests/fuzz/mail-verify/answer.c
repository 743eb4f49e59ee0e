/* A message's header, and an answer, may be anything: no field remains that
 * claims to be ours, and all other bytes do. */
#include <stdlib.h>
#include <string.h>

#include "../../../bin/mail-verify/answer.h"
#include "mail/header.h"
#include "trust/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size },
		    me = SPAN("mx.a.example"), rest;
	struct answer a;
	struct str out = STR_INIT;
	struct header_field f;

	answer_parse(text, &a);
	answer_free(&a);
	a = (struct answer){ .text = STR_INIT, .field = STR_INIT };
	header_write(&a, text, me, &out);
	if (out.len > text.len)
		abort();
	rest = str_span(&out);
	while (header_next(&rest, &f))
		if (authres_is_of(&f, me) && out.len == text.len)
			abort();
	answer_free(&a);
	str_free(&out);
	return 0;
}
