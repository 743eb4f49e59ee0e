/* Lines, and the literals between them. */
#include "imap/parse.h"

/* RFC 2683 3.2.1.5: a line that is too long gets a BAD and does not end the
 * session. So its head is kept, for the tag. */
enum io_result
parse_start(struct parser *p, const struct parse_limits *limits, struct io *io,
    struct arena *arena)
{
	*p = (struct parser){ .limits = limits, .io = io, .arena = arena };
	p->end = io_line(io, PARSE_LINE_MAX, &p->line);
	if (p->end == IO_EOF || p->end == IO_TIMEOUT)
		p->line = SPAN("");
	else
		p->line = arena_copy(arena, p->line);
	p->rest = p->line;
	p->line_bytes = p->line.len;
	p->too_big = p->end == IO_LONG;
	return p->end;
}

/* The line after a literal. All lines of a command share one limit. */
bool
parse_continue(struct parser *p)
{
	struct span line;

	p->line = p->rest = SPAN("");
	p->end = io_line(p->io, PARSE_LINE_MAX, &line);
	if (p->end == IO_EOF || p->end == IO_TIMEOUT)
		return false;
	p->line = arena_copy(p->arena, line);
	p->line_bytes += line.len;
	if (p->end == IO_LONG || p->line_bytes > PARSE_LINE_MAX)
		p->too_big = true;
	if (p->too_big || p->end != IO_OK)
		return false;
	p->rest = p->line;
	return true;
}

/* "{" number ["+"] "}", if nothing else is left. */
static bool
literal_announced(struct span s, uint64_t *size_r, bool *waits_r)
{
	if (!span_take(&s, '{') || !span_number(&s, INT64_MAX, size_r))
		return false;
	*waits_r = !span_take(&s, '+');
	return span_take(&s, '}') && s.len == 0;
}

/* The line ends by announcing a literal that the client sends at once. A line
 * that was cut or ended badly may still have its line end. */
static bool
line_announces(struct span line, uint64_t *size_r)
{
	bool waits;
	size_t at;

	while (line.len > 0 &&
	    (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
		line.len--;
	at = line.len;
	while (at > 0 && line.at[at - 1] != '{')
		at--;
	return at > 0 &&
	    literal_announced(span_from(line, at - 1), size_r, &waits) &&
	    !waits;
}

bool
parse_finish(struct parser *p)
{
	uint64_t left, total = 0;
	struct span waste;

	while (line_announces(p->line, &left)) {
		if (left > p->limits->drain || total > p->limits->drain)
			return false;
		total += left + p->line.len;
		while (left > 0) {
			if (!parse_stream(p, left, &waste))
				return true;
			left -= waste.len;
		}
		p->end = io_line(p->io, PARSE_LINE_MAX, &p->line);
		if (p->end == IO_EOF || p->end == IO_TIMEOUT)
			return true;
	}
	return true;
}

void
parse_accept(struct parser *p)
{
	/* With a space: "+" alone makes some clients hang. */
	io_put_text(p->io, "+ OK\r\n");
}

bool
parse_stream(struct parser *p, uint64_t left, struct span *bytes_r)
{
	enum { CHUNK = 65536 };

	p->end = io_some(p->io, left < CHUNK ? (size_t)left : CHUNK, bytes_r);
	return p->end == IO_OK;
}

/* RFC 7888 5: one that may not come unasked is a mistake, and read over. */
static bool
literal_allowed(
    const struct parser *p, struct span s, uint64_t *size_r, bool *waits_r)
{
	return literal_announced(s, size_r, waits_r) &&
	    (*waits_r || p->limits->unasked == 0 ||
		*size_r < p->limits->unasked);
}

bool
parse_message(struct parser *p, uint64_t *size_r, bool *waits_r)
{
	return literal_allowed(p, p->rest, size_r, waits_r);
}

bool
parse_literal8(struct parser *p, uint64_t *size_r, bool *waits_r)
{
	struct span rest = p->rest;

	if (!span_take(&rest, '~') || !literal_announced(rest, size_r, waits_r))
		return false;
	p->rest = rest;
	return true;
}
