/* Words of a filter, a line each; the last line is a sender, a recipient and an
 * error at once. What is printed of any bytes is UTF-8 without controls. */
#include <stdlib.h>

#include "../../../bin/chainmail-queue/filter.h"
#include "../../../bin/chainmail-queue/print.h"
#include "mail/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_printed(struct span text)
{
	struct str s = STR_INIT;
	struct span rest;
	uint32_t point;

	print_clean(&s, text);
	json_text(&s, NULL, text);
	if (!span_is_utf8(str_span(&s)))
		abort();
	rest = str_span(&s);
	while (utf8_take(&rest, &point))
		if (utf8_is_control(point) && point != '\t')
			abort();
	str_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, line = SPAN("");
	struct filter f;
	bool empty = true;

	filter_init(&f);
	while (span_line(&rest, &line))
		if (filter_word(&f, line) == NULL)
			empty = false;
	if (empty && f.count > 0)
		abort();
	if (!empty && filter_is_empty(&f))
		abort();
	filter_message(
	    &f, SPAN("01KAXXQ5000000000000000000"), line, 100, false);
	if (filter_recipient(&f, line, line) !=
	    filter_place(&f, line, line, line))
		abort();
	filter_free(&f);
	check_printed((struct span){ (const char *)data, size });
	return 0;
}
