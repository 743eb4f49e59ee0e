/* What a command says, read as it comes: the last line is kept, in any pieces,
 * and whether a shell said it is told from that line alone. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "commands/last_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIPE_MAX = 32768 };

/* The last line that is not empty, as far as it is kept. */
static struct span
last_of(struct span text)
{
	size_t at;

	while (text.len > 0 && text.at[text.len - 1] == '\n')
		text.len--;
	for (at = text.len; at > 0 && text.at[at - 1] != '\n'; at--)
		;
	return span_head(span_from(text, at), LAST_LINE_MAX);
}

/* "NAME: [line ]NUMBER: …", or "sh: …". */
static void
check_shells(struct span line)
{
	char *copy = malloc(line.len + 1); /* nothing is read behind its end */
	bool shells;

	if (copy == NULL)
		abort();
	memcpy(copy, line.at, line.len);
	shells = last_line_is_shells((struct span){ copy, line.len });
	if (shells &&
	    (memmem(copy, line.len, ": ", 2) == NULL ||
		span_find(line, ' ') <= span_find(line, ':')))
		abort();
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, rest = text;
	struct last_line l = { .text = STR_INIT };
	size_t piece = size > 0 ? data[0] + 1U : 1;
	int ends[2];

	if (size > PIPE_MAX)
		return 0;
	if (pipe(ends) < 0)
		abort();
	for (; rest.len > 0; rest = span_from(rest, piece))
		if (write_all(ends[1], span_head(rest, piece)) < 0 ||
		    !last_line_read(&l, ends[0]))
			abort();
	close(ends[1]);
	if (last_line_read(&l, ends[0]))
		abort();
	close(ends[0]);
	if (!span_equal(str_span(&l.text), last_of(text)))
		abort();
	check_shells(str_span(&l.text));
	check_shells(text);
	/* Whatever it says. */
	str_set(&l.text, SPAN("/bin/robot: line 7: "));
	str_add(&l.text, text);
	if (!last_line_is_shells(str_span(&l.text)))
		abort();
	str_set(&l.text, SPAN("the robot: line 7: "));
	str_add(&l.text, text);
	if (last_line_is_shells(str_span(&l.text)))
		abort();
	str_free(&l.text);
	return 0;
}
