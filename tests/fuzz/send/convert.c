/* A message that must become 7 bits: what comes out has no byte a host could
 * trip over, and says the same. The first byte chooses: bytes above 127 may
 * stay, or not. */
#include <stdlib.h>

#include "../../../bin/send/convert.h"
#include "../../../bin/send/message.h"
#include "../../../bin/send/wire.h"
#include "base/arena.h"
#include "mail/decode.h"
#include "mail/mime.h"
#include "mail/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Line ends are LF, as in files. */
static void
lines_add(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\r' || i + 1 == text.len ||
		    text.at[i + 1] != '\n')
			str_add_byte(out, text.at[i]);
}

static void
check_quoted(struct span text)
{
	struct str out = STR_INIT, back = STR_INIT, same = STR_INIT;
	struct span rest, line;

	quoted_encode(&out, text);
	rest = str_span(&out);
	while (span_line(&rest, &line))
		if (line.len > 76 || !span_is_ascii(line) ||
		    span_starts(line, SPAN(".")) ||
		    span_starts(line, SPAN("From ")))
			abort();
	decode_quoted(&back, str_span(&out));
	lines_add(&same, text);
	if (!span_equal(str_span(&back), str_span(&same)))
		abort();
	str_free(&same);
	str_free(&back);
	str_free(&out);
}

/* No leaf has a byte above 127. */
static void
check_seven(const struct part *p)
{
	if (p->kind == PART_LEAF && !span_is_ascii(p->body))
		abort();
	for (const struct part *q = p->first; q != NULL; q = q->next)
		check_seven(q);
}

static void
check_converted(struct span text, bool seven)
{
	struct str out = STR_INIT;
	struct arena a = ARENA_INIT;
	struct message_facts f = { 0 };
	struct message_look l = { .facts = &f };

	if (convert_text(text, seven, &out) == NULL) {
		message_look(&l, str_span(&out));
		message_look_end(&l);
		if (f.bare)
			abort();
		if (seven)
			check_seven(mime_parse(&a, str_span(&out)));
	}
	arena_free(&a);
	str_free(&out);
}

/* RFC 5321 2.3.8: CR and LF only together; 4.5.2: no line is a dot. Two
 * pieces give what one gives. */
static void
check_wire(struct span text, size_t cut)
{
	struct wire w = { .dots = true, .odd = true };
	struct wire v = { .dots = true, .odd = true };
	struct str out = STR_INIT, whole = STR_INIT;
	struct span s;

	wire_add(&w, span_head(text, cut), &out);
	wire_add(&w, span_from(text, cut), &out);
	wire_end(&w, &out);
	wire_add(&v, text, &whole);
	wire_end(&v, &whole);
	s = str_span(&out);
	if (!span_equal(s, str_span(&whole)) ||
	    span_find_case(s, SPAN("\n.\r\n")) < s.len ||
	    span_starts(s, SPAN(".\r\n")))
		abort();
	for (size_t i = 0; i < s.len; i++)
		if ((s.at[i] == '\r' && s.at[i + 1] != '\n') ||
		    (s.at[i] == '\n' && (i == 0 || s.at[i - 1] != '\r')))
			abort();
	str_free(&whole);
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	char first;

	if (!span_take_byte(&text, &first))
		return 0;
	check_quoted(text);
	check_converted(text, (first & 1) != 0);
	check_wire(text, (unsigned char)first);
	return 0;
}
