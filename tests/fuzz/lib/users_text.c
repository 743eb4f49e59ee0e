/* Any text: read line by line, checked as a whole; and what was read as an
 * entry reads again from its key. */
#include <stdlib.h>

#include "users/compile.h"
#include "users/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *arg, unsigned line, struct span text)
{
	(void)arg, (void)line;
	if (text.len == 0)
		abort(); /* a fault says what it is */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, line;
	struct compile c = { .fault = ignore };
	struct str again = STR_INIT, wrong = STR_INIT;
	struct entry e;

	users_compile(&c, text, SPAN("mx.lan"), -1);
	entry_init(&e);
	while (span_line(&text, &line)) {
		line = text_content(line);
		str_clear(&again);
		if (line.len > 0 && entry_parse(line, &e, &wrong) &&
		    e.kind == ENTRY_MAILBOX &&
		    (!address_fold(str_span(&e.key), &again) ||
			!span_equal(str_span(&again), str_span(&e.key))))
			abort();
	}
	entry_free(&e);
	str_free(&again);
	str_free(&wrong);
	return 0;
}
