#include "store/changes.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/span.h"

enum { TEXT_MAX = 64 };
#define MAGIC SPAN("chainmail-changes 1 ")

uint64_t
changes_read(int file)
{
	char text[TEXT_MAX];
	ssize_t n = pread(file, text, sizeof text, 0);
	struct span line = { text, n < 0 ? 0 : (size_t)n };
	uint64_t number = 0;

	if (span_take_text(&line, MAGIC) &&
	    span_number(&line, INT64_MAX, &number))
		return number;
	return 0;
}

uint64_t
changes_note(int file, uint64_t last)
{
	uint64_t number = last + 1;
	uint64_t now = (uint64_t)clock_wall_us();
	char text[TEXT_MAX];
	int len;

	/* The file may have been lost meanwhile: taken from the clock, the
	 * number is one that no session remembers. */
	if (number < now)
		number = now;
	len = snprintf(
	    text, sizeof text, "%s%020ju\n", MAGIC.at, (uintmax_t)number);
	return pwrite(file, text, (size_t)len, 0) == len ? number : 0;
}
