#include <stdlib.h>
#include <string.h>

#include "../../../bin/tlsd/hello.h"

static bool
within(struct span part, struct span all)
{
	return part.len == 0 ||
	    (part.at >= all.at && part.at + part.len <= all.at + all.len);
}

/* A hello in records, whole and cut: the more there is, the more is known. */
static void
records(struct span in)
{
	struct str message = STR_INIT;
	struct hello h;
	enum hello_state whole = hello_read(in, &message, &h);

	if (!within(h.name, str_span(&message)) ||
	    !within(h.alpn, str_span(&message)) || message.len > in.len)
		abort();
	hello_alpn_is_web(h.alpn);
	for (size_t n = 0; n < in.len && n < 64; n++)
		if (hello_read(span_head(in, n), &message, &h) == HELLO_WHOLE &&
		    whole != HELLO_WHOLE)
			abort();
	str_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size }, name;

	if (hello_server_name(in, &name) &&
	    (name.len == 0 || name.len > 255 || name.at < in.at ||
		name.at + name.len > in.at + in.len ||
		memchr(name.at, '/', name.len) != NULL))
		abort();
	records(in);
	hello_alpn_has(in, SPAN("imap"));
	hello_alpn_is_web(in);
	return 0;
}
