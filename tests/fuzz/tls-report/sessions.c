/* A day's file becomes a report whose numbers add up, whatever is in it. */
#include <stdlib.h>
#include <string.h>

#include "../../../bin/tls-report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 8259: what is written between quotes is a string of JSON. */
static void
check(struct span json)
{
	bool inside = false;

	if (!span_is_utf8(json))
		abort();
	for (size_t i = 0; i < json.len; i++) {
		unsigned char c = (unsigned char)json.at[i];

		if (inside && c < ' ')
			abort();
		if (inside && c == '\\')
			i++;
		else if (c == '"')
			inside = !inside;
	}
	if (inside)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sessions s = { .arena = ARENA_INIT };
	struct report r = { .me = SPAN("me.example") };
	struct str json = STR_INIT;

	day_parse((struct span){ (const char *)data, size }, &r.day);
	day_parse(SPAN("2026-01-02"), &r.day);
	sessions_read(&s, (struct span){ (const char *)data, size });
	for (size_t i = 0; i < s.count; i += r.count) {
		r.sessions = &s.at[i];
		r.count = sessions_of_domain(&s.at[i], s.count - i);
		if (r.count == 0)
			abort();
		str_clear(&json);
		report_json(&r, &json);
		check(str_span(&json));
	}
	str_free(&json);
	sessions_free(&s);
	return 0;
}
