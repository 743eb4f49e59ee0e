/* A domain's word on where it wants reports may be anything. */
#include <stdlib.h>
#include <string.h>

#include "../../../bin/tls-report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct span uri)
{
	struct str address = STR_INIT;
	struct span host;
	uint16_t port;

	if (wanted_mailto(uri, &address) &&
	    (memchr(address.at, '\n', address.len) != NULL ||
		memchr(address.at, '@', address.len) == NULL))
		abort();
	if (https_url_parse(uri, &host, &port) && host.len == 0)
		abort();
	str_free(&address);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, uris[URIS_MAX];
	size_t count = 0;

	if (wanted_parse(text, uris, &count) &&
	    (count == 0 || count > URIS_MAX || !span_starts(text, SPAN("v="))))
		abort();
	for (size_t i = 0; i < count; i++)
		check(uris[i]);
	check(text);
	return 0;
}
