#include "parse.h"

#include <string.h>

/* How much of a client's unwanted literals is read over. */
enum { DRAIN_MAX = 256 << 20 };

enum io_result
parse_start(struct parser *p, struct io *io, struct arena *arena)
{
	*p = (struct parser){ .io = io, .arena = arena };
	p->end = io_line(io, LINE_MAX_LEN, &p->line);
	if (p->end == IO_EOF || p->end == IO_TIMEOUT)
		p->line = SPAN("");
	else
		p->line = arena_copy(arena, p->line);
	p->rest = p->line;
	p->line_bytes = p->line.len;
	return p->end;
}

/* The line behind a literal. All lines of a command share one limit. */
bool
parse_continue(struct parser *p)
{
	struct span line;

	p->line = p->rest = SPAN("");
	p->end = io_line(p->io, LINE_MAX_LEN, &line);
	if (p->end == IO_EOF || p->end == IO_TIMEOUT)
		return false;
	p->line = arena_copy(p->arena, line);
	p->line_bytes += line.len;
	if (p->end == IO_LONG || p->line_bytes > LINE_MAX_LEN)
		p->too_big = true;
	if (p->too_big || p->end != IO_OK)
		return false;
	p->rest = p->line;
	return true;
}

/* "{" number ["+"] "}", where it is all that is left. */
static bool
literal_announced(struct span s, uint64_t *size_r, bool *waits_r)
{
	if (!span_take(&s, '{') || !span_number(&s, INT64_MAX, size_r))
		return false;
	*waits_r = !span_take(&s, '+');
	return span_take(&s, '}') && s.len == 0;
}

/* The line ends by announcing a literal that the client sends at once. A line
 * that was cut or is not well ended may still have its line end. */
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
		if (left > DRAIN_MAX || total > DRAIN_MAX)
			return false;
		total += left + p->line.len;
		while (left > 0) {
			if (!parse_stream(p, left, &waste))
				return false;
			left -= waste.len;
		}
		p->end = io_line(p->io, LINE_MAX_LEN, &p->line);
		if (p->end == IO_EOF || p->end == IO_TIMEOUT)
			return false;
	}
	return true;
}

static bool
take(struct parser *p, size_t n, struct span *taken_r)
{
	*taken_r = span_head(p->rest, n);
	p->rest = span_from(p->rest, n);
	return n > 0;
}

/* RFC 3501 9: atom-char, and what else the caller allows. */
static bool
is_atom(char c, const char *also)
{
	return (unsigned char)c > 32 && (unsigned char)c < 127 &&
	    (strchr("(){%*\"\\]", c) == NULL || strchr(also, c) != NULL);
}

static size_t
atom_length(struct span s, const char *also)
{
	size_t n = 0;

	while (n < s.len && is_atom(s.at[n], also))
		n++;
	return n;
}

bool
parse_tag(struct parser *p, struct span *tag_r)
{
	size_t n = atom_length(p->rest, "]");

	if (n > TAG_MAX || span_find(span_head(p->rest, n), '+') < n)
		return false;
	return take(p, n, tag_r);
}

bool
parse_byte(struct parser *p, char c)
{
	return span_take(&p->rest, c);
}

bool
parse_space(struct parser *p)
{
	return span_take(&p->rest, ' ');
}

bool
parse_end(struct parser *p)
{
	/* Some clients send a blank there. */
	while (span_take(&p->rest, ' '))
		continue;
	return p->rest.len == 0;
}

bool
parse_name(struct parser *p, struct span *name_r)
{
	size_t n = 0;

	while (n < p->rest.len &&
	    (byte_is_alpha(p->rest.at[n]) || byte_is_digit(p->rest.at[n]) ||
		memchr(".-=+", p->rest.at[n], 4) != NULL))
		n++;
	return take(p, n, name_r);
}

bool
parse_is(struct parser *p, const char *name)
{
	struct span before = p->rest, found;

	if (parse_name(p, &found) && span_equal_case(found, span_text(name)))
		return true;
	p->rest = before;
	return false;
}

bool
parse_atom(struct parser *p, struct span *atom_r)
{
	return take(p, atom_length(p->rest, ""), atom_r);
}

bool
parse_number64(struct parser *p, uint64_t *n_r)
{
	return span_number(&p->rest, INT64_MAX, n_r);
}

bool
parse_number(struct parser *p, uint32_t *n_r)
{
	uint64_t n;

	if (!span_number(&p->rest, UINT32_MAX, &n))
		return false;
	*n_r = (uint32_t)n;
	return true;
}

/* Bytes of a quoted string behind its first quote, up to the last. */
static bool
quoted_length(struct span s, size_t *n_r)
{
	for (size_t n = 0; n < s.len; n++) {
		if (s.at[n] == '"') {
			*n_r = n;
			return true;
		}
		if (s.at[n] == '\\')
			n++;
	}
	return false;
}

static bool
parse_quoted(struct parser *p, struct span *s_r)
{
	struct span rest = span_from(p->rest, 1), inside;
	size_t length, n = 0;
	char *to, c;

	if (!quoted_length(rest, &length))
		return false;
	inside = span_head(rest, length);
	to = arena_new(p->arena, length + 1);
	while (span_take_byte(&inside, &c)) {
		if (c == '\\')
			span_take_byte(&inside, &c);
		to[n++] = c;
	}
	*s_r = (struct span){ to, n };
	p->rest = span_from(rest, length + 1);
	return true;
}

void
parse_accept(struct parser *p)
{
	/* With its space: "+" alone stops some clients. */
	io_put_text(p->io, "+ OK\r\n");
}

bool
parse_stream(struct parser *p, uint64_t left, struct span *bytes_r)
{
	enum { CHUNK = 65536 };

	p->end = io_some(p->io, left < CHUNK ? (size_t)left : CHUNK, bytes_r);
	return p->end == IO_OK;
}

bool
parse_message(struct parser *p, uint64_t *size_r, bool *waits_r)
{
	return literal_announced(p->rest, size_r, waits_r);
}

static bool
parse_literal(struct parser *p, struct span *s_r)
{
	uint64_t size, have = 0;
	bool waits;
	char *to;

	if (!literal_announced(p->rest, &size, &waits))
		return false;
	if (p->literals >= LITERALS_MAX ||
	    size > LITERAL_BYTES - p->literal_bytes) {
		p->too_big = true;
		return false;
	}
	p->literals++;
	p->literal_bytes += size;
	if (waits)
		parse_accept(p);
	to = arena_new(p->arena, (size_t)size + 1);
	while (have < size) {
		struct span bytes;

		if (!parse_stream(p, size - have, &bytes)) {
			p->line = p->rest = SPAN("");
			return false;
		}
		memcpy(to + have, bytes.at, bytes.len);
		have += bytes.len;
	}
	*s_r = (struct span){ to, (size_t)size };
	return parse_continue(p);
}

bool
parse_string(struct parser *p, struct span *s_r)
{
	if (p->rest.len > 0 && p->rest.at[0] == '"')
		return parse_quoted(p, s_r);
	return parse_literal(p, s_r);
}

bool
parse_astring(struct parser *p, struct span *s_r)
{
	/* RFC 3501 9: astring-char is atom-char or ']'. */
	return parse_string(p, s_r) || take(p, atom_length(p->rest, "]"), s_r);
}

bool
parse_nstring(struct parser *p, struct span *s_r)
{
	if (parse_is(p, "NIL")) {
		*s_r = (struct span){ NULL, 0 };
		return true;
	}
	return parse_string(p, s_r);
}

bool
parse_pattern(struct parser *p, struct span *s_r)
{
	return parse_string(p, s_r) ||
	    take(p, atom_length(p->rest, "%*]"), s_r);
}

bool
parse_flag(struct parser *p, struct span *flag_r)
{
	size_t backslash = p->rest.len > 0 && p->rest.at[0] == '\\';
	size_t n = atom_length(span_from(p->rest, backslash), "]");

	return n > 0 && take(p, backslash + n, flag_r);
}
