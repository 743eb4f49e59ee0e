/* Reading a spool file never fails in a bad way; an envelope that was read and
 * written again is read as the same. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spool/spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
envelope_again(struct span head)
{
	struct envelope e, again;
	struct str text = STR_INIT;

	envelope_init(&e);
	envelope_init(&again);
	if (spool_envelope(&e, head)) {
		envelope_write(&e, &text);
		if (!envelope_parse(&again, str_span(&text)) ||
		    again.count != e.count || !span_equal(again.from, e.from) ||
		    !span_equal(
			again.recipients[0].orcpt, e.recipients[0].orcpt))
			abort();
	}
	str_free(&text);
	envelope_free(&e);
	envelope_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct spool_message m;

	if (fd < 0)
		fd = memfd_create("spool", 0);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (spool_check(fd, &m, NULL) == SPOOL_WHOLE &&
	    m.header + m.size != size)
		abort();
	envelope_again((struct span){ (const char *)data, size });
	return 0;
}
