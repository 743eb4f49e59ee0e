#include "imap/parse.h"

#include <string.h>

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

	if (n > PARSE_TAG_MAX || span_find(span_head(p->rest, n), '+') < n)
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
	return p->rest.len == 0 && p->end == IO_OK && !p->too_big;
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

/* Bytes of a quoted string between its quotes. */
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
		/* RFC 3501 9: a backslash may only precede '"' and '\\'. */
		if (c == '\\' &&
		    (!span_take_byte(&inside, &c) || (c != '"' && c != '\\')))
			return false;
		to[n++] = c;
	}
	*s_r = (struct span){ to, n };
	p->rest = span_from(rest, length + 1);
	return true;
}

static bool
parse_literal(struct parser *p, struct span *s_r)
{
	const struct parse_limits *l = p->limits;
	uint64_t size, have = 0;
	bool waits;
	char *to;

	if (!parse_message(p, &size, &waits))
		return false;
	if (p->literals >= l->literals || size > l->literal ||
	    size > l->literal_bytes - p->literal_bytes) {
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
parse_credential(struct parser *p, struct span *s_r)
{
	size_t n = 0;

	while (n < p->rest.len &&
	    (is_atom(p->rest.at[n], "]") || (unsigned char)p->rest.at[n] > 127))
		n++;
	return (parse_string(p, s_r) || take(p, n, s_r)) &&
	    span_find(*s_r, '\0') == s_r->len;
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

bool
parse_id(struct parser *p)
{
	struct span key, value;

	if (parse_is(p, "NIL"))
		return true;
	if (!parse_byte(p, '('))
		return false;
	for (;;) {
		parse_space(p);
		if (parse_byte(p, ')'))
			return true;
		if (!parse_string(p, &key) || !parse_space(p) ||
		    !parse_nstring(p, &value))
			return false;
	}
}
