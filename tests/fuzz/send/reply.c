/* What another host answers, line after line: any bytes. */
#include <stdlib.h>
#include <string.h>

#include "../../../bin/send/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_one_clean_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (byte_is_control(s.at[i]))
			return false;
	return span_is_utf8(s);
}

/* A complete reply. */
static void
check(const struct reply *r)
{
	struct span rest = str_span(&r->lines), line;
	size_t lines = 0;

	if (r->code < 200 || r->code > 599 || r->text.len > REPLY_TEXT_MAX ||
	    r->count > REPLY_LINES_MAX ||
	    !is_one_clean_line(str_span(&r->text)))
		abort();
	if (r->status[0] != '\0' &&
	    (unsigned)(r->status[0] - '0') != reply_class(r))
		abort();
	while (reply_next(&rest, &line))
		lines++;
	if (lines > r->count)
		abort();
}

/* The verdict and the status agree with the code, wherever it came. */
static void
check_results(const struct reply *reply)
{
	for (int stage = STAGE_GREETING; stage <= STAGE_DATA; stage++) {
		struct arena a = ARENA_INIT;
		struct result r = { 0 };

		result_reply(&r, &a, reply, stage);
		if (!r.set || strlen(r.status) < 5 || r.status[1] != '.' ||
		    (r.verdict == DONE) != (r.status[0] == '2') ||
		    (r.verdict == TEMP) != (r.status[0] == '4') ||
		    !is_one_clean_line(r.text))
			abort();
		if (r.verdict != DONE) {
			result_soften(&r);
			if (r.verdict != TEMP || r.status[0] != '4')
				abort();
		}
		arena_free(&a);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, line;
	struct reply r;
	bool last;

	reply_init(&r);
	while (span_line(&rest, &line)) {
		if (!reply_add(&r, line, &last))
			break;
		if (!last)
			continue;
		check(&r);
		check_results(&r);
		reply_clear(&r);
	}
	reply_free(&r);
	return 0;
}
