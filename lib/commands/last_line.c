#include "commands/last_line.h"

#include <errno.h>
#include <unistd.h>

bool
last_line_read(struct last_line *l, int fd)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof bytes);

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			l->ended = true;
			continue;
		}
		if (l->ended)
			str_clear(&l->text);
		l->ended = false;
		if (l->text.len < LAST_LINE_MAX)
			str_add_byte(&l->text, bytes[i]);
	}
	return true;
}

bool
last_line_is_shells(struct span line)
{
	struct span name;
	uint64_t number;

	if (!span_until(&line, ':', &name) ||
	    !span_take_text(&line, SPAN(": ")) ||
	    span_find(name, ' ') < name.len)
		return false;
	span_take_text(&line, SPAN("line "));
	if (span_number(&line, UINT32_MAX, &number))
		return span_take_text(&line, SPAN(": "));
	/* A command that a shell can't start has no line number. */
	return span_equal(name, SPAN("sh")) || span_equal(name, SPAN("bash")) ||
	    span_equal(name, SPAN("/bin/sh"));
}
