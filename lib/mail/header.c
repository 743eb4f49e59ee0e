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
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] <= ' ' ||
		    (unsigned char)s.at[i] > 126)
			return false;
	return s.len > 0;
}

/* Split a field's lines at its colon. RFC 5322 4.5: blanks may stand before
 * it. */
static void
field_split(struct header_field *f)
{
	struct span line = span_head(f->whole, line_len(f->whole));
	size_t colon = span_find(line, ':');
	struct span name = span_head(line, colon);

	while (name.len > 0 && byte_is_blank(name.at[name.len - 1]))
		name.len--;
	if (colon == line.len || !is_name(name)) {
		f->name = SPAN("");
		f->value = without_line_end(f->whole);
		return;
	}
	f->name = name;
	f->value = without_line_end(span_from(f->whole, colon + 1));
}

bool
header_next(struct span *rest, struct header_field *field_r)
{
	size_t n;

	if (is_empty_line(*rest))
		*rest = span_from(*rest, line_len(*rest));
	else if (rest->len > 0) {
		n = line_len(*rest);
		while (n < rest->len && byte_is_blank(rest->at[n]))
			n += line_len(span_from(*rest, n));
		field_r->whole = span_head(*rest, n);
		field_split(field_r);
		*rest = span_from(*rest, n);
		return true;
	}
	return false;
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
