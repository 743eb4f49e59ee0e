#include "mail/header.h"

static size_t
line_len(struct span s)
{
	size_t n = span_find(s, '\n');

	return n == s.len ? n : n + 1;
}

static bool
is_empty_line(struct span s)
{
	return s.len > 0 &&
	    (s.at[0] == '\n' ||
		(s.len > 1 && s.at[0] == '\r' && s.at[1] == '\n'));
}

static struct span
without_line_end(struct span s)
{
	if (s.len > 0 && s.at[s.len - 1] == '\n')
		s.len--;
	if (s.len > 0 && s.at[s.len - 1] == '\r')
		s.len--;
	return s;
}

/* RFC 5322 2.2: printable ASCII without the colon. */
static bool
is_name_byte(char c)
{
	return c > ' ' && c < 127 && c != ':';
}

/* The field name at the beginning of a line, and where its colon is; empty: not
 * a field. RFC 5322 4.5: blanks may precede the colon. */
static struct span
name_of(struct span text, size_t *colon_r)
{
	size_t n = 0;
	struct span name;

	while (n < text.len && is_name_byte(text.at[n]))
		n++;
	name = span_head(text, n);
	while (n < text.len && byte_is_blank(text.at[n]))
		n++;
	*colon_r = n;
	return n < text.len && text.at[n] == ':' ? name : SPAN("");
}

/* "From " or ">From " before a field. */
static bool
is_mbox_line(struct span text)
{
	struct span line = text;
	size_t colon;

	span_take(&line, '>');
	return span_starts(line, SPAN("From ")) &&
	    name_of(span_from(text, line_len(text)), &colon).len > 0;
}

bool
header_next(struct span *rest, struct header_field *field_r)
{
	size_t colon, n;

	if (is_empty_line(*rest)) {
		*rest = span_from(*rest, line_len(*rest));
		return false;
	}
	field_r->name = name_of(*rest, &colon);
	if (field_r->name.len == 0 && !is_mbox_line(*rest))
		return false;
	n = line_len(*rest);
	while (n < rest->len && byte_is_blank(rest->at[n]))
		n += line_len(span_from(*rest, n));
	field_r->whole = span_head(*rest, n);
	field_r->value = without_line_end(field_r->name.len == 0
		? field_r->whole
		: span_from(field_r->whole, colon + 1));
	*rest = span_from(*rest, n);
	return true;
}

bool
header_is(const struct header_field *field, const char *name)
{
	return span_equal_case(field->name, span_text(name));
}

bool
header_find(struct span message, const char *name, struct header_field *field_r)
{
	while (header_next(&message, field_r))
		if (header_is(field_r, name))
			return true;
	return false;
}

size_t
header_size(struct span message)
{
	struct span rest = message;
	struct header_field f;

	while (header_next(&rest, &f))
		;
	return message.len - rest.len;
}

/* The first byte of a line decides what it may become. */
static void
scan_line(struct header_scan *s, char c)
{
	if (!s->waiting)
		s->size = s->seen;
	s->mbox = false;
	s->named = 0;
	if (is_name_byte(c))
		s->state = SCAN_NAME;
	else if (s->waiting)
		s->ended = true;
	else if (byte_is_blank(c) && s->fields)
		s->state = SCAN_REST;
	else if (c == '\r')
		s->state = SCAN_CR;
	else
		s->ended = true;
	if (s->ended && c == '\n' && !s->waiting)
		s->size++;
}

static bool
scan_is_from(const struct header_scan *s)
{
	struct span name = { s->name, s->named };

	if (s->named > sizeof s->name)
		return false;
	span_take(&name, '>');
	return span_equal(name, SPAN("From"));
}

/* A byte of the name, or after it. */
static void
scan_name(struct header_scan *s, char c)
{
	if (s->state == SCAN_NAME && is_name_byte(c)) {
		if (s->named < sizeof s->name)
			s->name[s->named] = c;
		s->named++;
	} else if (c == ':') {
		s->state = SCAN_REST;
		s->fields = true;
		s->mbox = s->waiting = false;
	} else if (byte_is_blank(c)) {
		s->mbox |= s->state == SCAN_NAME && c == ' ' && !s->waiting &&
		    scan_is_from(s);
		s->state = SCAN_BLANKS;
	} else if (s->mbox) {
		s->state = SCAN_REST;
	} else {
		s->ended = true;
	}
}

/* Take a byte, or the rest of a line whose kind is known. */
static void
scan_byte(struct header_scan *s, struct span *rest)
{
	size_t skip = s->state == SCAN_REST ? span_find(*rest, '\n') : 0;
	char c = '\0';

	*rest = span_from(*rest, skip);
	s->seen += skip;
	if (!span_take_byte(rest, &c))
		return;
	switch (s->state) {
	case SCAN_LINE:
		scan_line(s, c);
		if (s->state != SCAN_NAME)
			break;
		/* fall through */
	case SCAN_NAME:
	case SCAN_BLANKS:
		scan_name(s, c);
		break;
	case SCAN_CR:
		s->size += c == '\n' ? 2 : 0;
		s->ended = true;
		break;
	case SCAN_REST:
		break;
	}
	s->seen++;
	if (s->state == SCAN_REST && c == '\n') {
		s->state = SCAN_LINE;
		s->waiting = s->mbox;
	}
}

bool
header_scan(struct header_scan *s, struct span bytes)
{
	while (!s->ended && bytes.len > 0)
		scan_byte(s, &bytes);
	return s->ended;
}

bool
header_scan_closed(const struct header_scan *s)
{
	/* No byte after it was needed to find its end. */
	return s->ended && s->seen == s->size;
}

uint64_t
header_scan_size(const struct header_scan *s)
{
	bool sure = !s->ended && !s->waiting && !s->mbox &&
	    (s->state == SCAN_LINE || s->state == SCAN_REST);

	return sure ? s->seen : s->size;
}

void
header_unfold(struct str *out, struct span value)
{
	while (value.len > 0 && byte_is_space(value.at[0]))
		value = span_from(value, 1);
	while (value.len > 0 && byte_is_space(value.at[value.len - 1]))
		value.len--;
	while (value.len > 0) {
		struct span line = span_head(value, line_len(value));

		value = span_from(value, line.len);
		str_add(out, value.len > 0 ? without_line_end(line) : line);
	}
}

bool
header_tls_optional(struct span header)
{
	struct header_field f;
	unsigned count = 0;
	bool no = false;

	while (header_next(&header, &f))
		if (header_is(&f, "TLS-Required")) {
			count++;
			no = span_equal_case(span_trim(f.value), SPAN("No"));
		}
	return count == 1 && no;
}
