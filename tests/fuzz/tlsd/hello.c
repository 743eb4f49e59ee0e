#include <stdlib.h>
#include <string.h>

#include "../../../bin/tlsd/hello.h"

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
	hello_alpn_has(in, SPAN("imap"));
	hello_alpn_is_web(in);
	return 0;
}
