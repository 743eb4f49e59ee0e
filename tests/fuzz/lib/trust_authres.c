/* What strangers send does not become a result of ours, nor add one. */
#include <stdlib.h>
#include <string.h>

#include "trust/authres.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
parts_of(struct span text)
{
	struct span part;
	size_t n = 0;

	while (authres_next(&text, &part))
		n++;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct header_field f = { .name = SPAN("Authentication-Results"),
		.value = text };
	struct str out = STR_INIT;

	authres_is_of(&f, SPAN("mx.example.org"));
	authres_passes(text, "dmarc");
	authres_begin(&out, SPAN("mx.example.org"));
	authres_add(&out, "spf", RESULT_FAIL, text);
	authres_property(&out, "smtp.mailfrom", text);
	authres_end(&out);
	if (parts_of(str_span(&out)) != 2 ||
	    authres_passes(str_span(&out), "dmarc") ||
	    authres_passes(str_span(&out), "spf"))
		abort();
	/* One field of two lines. */
	if (memchr(out.at, '\n', out.len) == memrchr(out.at, '\n', out.len) ||
	    out.at[out.len - 1] != '\n')
		abort();
	for (size_t i = 0; i + 1 < out.len; i++)
		if (out.at[i] == '\n' && out.at[i + 1] != '\t')
			abort();
	str_free(&out);
	return 0;
}
