/* "KIND\n", a state file, a NUL, a spool file's envelope and message: the report
 * is a message of three parts, in ASCII where it has to be, and no text of
 * others becomes a field of its. */
#include <stdlib.h>
#include <string.h>

#include "../../../bin/bounce/choose.h"
#include "mail/header.h"
#include "mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
fields(struct span text, const char *name)
{
	struct span line, begin = span_text(name);
	size_t n = 0;

	while (span_line(&text, &line))
		n += span_starts_case(line, begin);
	return n;
}

static void
check_status(const struct report *r)
{
	struct str out = STR_INIT;
	size_t n = report_count(r, NULL);

	status_write(r, false, &out);
	if (!span_is_ascii(str_span(&out)) ||
	    fields(str_span(&out), "Action:") != n ||
	    fields(str_span(&out), "Final-Recipient:") != n ||
	    fields(str_span(&out), "Status:") != n)
		abort();
	str_free(&out);
}

static void
check(const struct report *r)
{
	struct arena a = ARENA_INIT;
	struct str out = STR_INIT;
	struct span text, own = span_text(r->own.text);
	const struct part *p;
	size_t parts = 0;

	report_write(r, &out);
	text = str_span(&out);
	if (!report_is_utf8(r) && r->original.len == 0 && !span_is_ascii(text))
		abort();
	if (report_is_utf8(r) ||
	    span_is_ascii(span_head(text, header_size(text))))
		check_status(r);
	else
		abort();
	p = mime_parse(&a, text);
	for (const struct part *q = p->first; q != NULL; q = q->next)
		parts++;
	/* A message may hold the boundary only if it knows it. */
	if (parts != 3 && span_find_case(r->original, own) == r->original.len &&
	    span_find_case(r->header, own) == r->header.len)
		abort();
	arena_free(&a);
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, line, state;
	struct envelope e;
	struct state st;
	struct report r = { .me = SPAN("mail.example.org"),
		.now = 1764000000,
		.envelope = &e };
	size_t end;

	memcpy(r.own.text, "01KAXXQ5000000000000000001", ID_LEN + 1);
	if (!span_line(&rest, &line) || !span_until(&rest, '\0', &state))
		return 0;
	rest = span_from(rest, 1);
	r.kind = REPORT_FAILED;
	if (line.len > 0)
		r.kind += (unsigned char)line.at[0] % 3;
	end = span_find_case(rest, SPAN("\n\n")) + 2;
	envelope_init(&e);
	state_init(&st);
	if (envelope_parse(&e, span_head(rest, end))) {
		rest = span_from(rest, end);
		state_parse(state, &e, &st);
		if (!choose_known(&r, &e.text, &st))
			choose_all(&r, &e.text, state);
		choose_original(&r, rest, rest.len);
		check(&r);
	}
	state_free(&st);
	envelope_free(&e);
	return 0;
}
