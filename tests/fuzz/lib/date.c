/* A date that was read is written so that it is read back. */
#include <stdlib.h>

#include "mail/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct str written = STR_INIT;
	struct date d, back;
	int64_t day;

	if (date_parse(text, &d) || date_imap_parse(text, &d)) {
		date_imap_format(&written, d);
		if (d.seconds > -60000000000 && d.seconds < 253402000000 &&
		    (!date_imap_parse(str_span(&written), &back) ||
			back.seconds != d.seconds))
			abort();
	}
	if (date_day_parse(text, &day) && day % 86400 != 0)
		abort();
	str_free(&written);
	return 0;
}
