#include "trust/authres.h"

#include <string.h>

#include "mail/cfws.h"
#include "trust/tags.h"

enum { VALUE_MAX = 320, COMMENT_MAX = 512 }; /* bytes shown */

bool
authres_next(struct span *rest, struct span *part_r)
{
	struct span r = *rest;

	if (rest->at == NULL)
		return false;
	while (r.len > 0 && r.at[0] != ';') {
		if (r.at[0] == '(')
			comment_skip(&r);
		else if (r.at[0] == '"')
			quoted_take(&r);
		else
			r = span_from(r, 1);
	}
	*part_r = (struct span){ rest->at, (size_t)(r.at - rest->at) };
	*rest = r.len > 0 ? span_from(r, 1) : (struct span){ NULL, 0 };
	return true;
}

bool
authres_passes(struct span results, const char *method)
{
	struct span each;

	while (authres_next(&results, &each)) {
		cfws_skip(&each);
		if (!span_take_case(&each, span_text(method)))
			continue;
		cfws_skip(&each);
		if (!span_take(&each, '='))
			continue;
		cfws_skip(&each);
		if (span_take_case(&each, SPAN("pass")) &&
		    (each.len == 0 || byte_is_space(each.at[0]) ||
			each.at[0] == '('))
			return true;
	}
	return false;
}

/* RFC 2045 5.1: a token. */
static bool
is_token_byte(char c)
{
	return c > ' ' && c < 127 && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* The name, as a token or quoted (RFC 2045 5.1: value). */
static struct span
name_take(struct span *rest)
{
	struct span whole = *rest;
	size_t n = 0;

	cfws_skip(&whole);
	if (whole.len > 0 && whole.at[0] == '"') {
		struct span quoted = quoted_take(&whole);

		return quoted.len < 2 || quoted.at[quoted.len - 1] != '"'
		    ? SPAN("")
		    : (struct span){ quoted.at + 1, quoted.len - 2 };
	}
	while (n < whole.len && !byte_is_space(whole.at[n]) &&
	    whole.at[n] != ';' && whole.at[n] != '(')
		n++;
	return span_head(whole, n);
}

bool
authres_is_of(const struct header_field *field, struct span name)
{
	struct span value = field->value, found;

	if (!header_is(field, "Authentication-Results"))
		return false;
	found = name_take(&value);
	if (found.len > 0 && found.at[found.len - 1] == '.')
		found.len--;
	return found.len == 0 || memchr(found.at, '\\', found.len) != NULL ||
	    span_equal_case(found, name);
}

void
authres_begin(struct str *out, struct span name)
{
	str_add_text(out, "Authentication-Results: ");
	str_add(out, name);
}

/* A comment has no parentheses, and no more than printable ASCII. */
static void
comment_add(struct str *out, struct span comment)
{
	comment = span_head(comment, COMMENT_MAX);
	str_add_text(out, " (");
	for (size_t i = 0; i < comment.len; i++) {
		char c = comment.at[i];

		str_add_byte(out,
		    c < ' ' || c > '~' || strchr("()\\", c) != NULL ? '?' : c);
	}
	str_add_byte(out, ')');
}

void
authres_add(
    struct str *out, const char *method, enum result r, struct span comment)
{
	str_addf(out, ";\n\t%s=%s", method, result_text(r));
	if (comment.len > 0)
		comment_add(out, comment);
}

/* RFC 8601 2.2: pvalue is a value, or [local-part] "@" domain. */
static bool
is_plain(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_token_byte(value.at[i]) &&
		    (value.at[i] != '@' || i + 1 == value.len))
			return false;
	return true;
}

void
authres_property(struct str *out, const char *name, struct span value)
{
	bool plain;

	value = span_head(value, VALUE_MAX);
	plain = is_plain(value);
	if (value.len == 0)
		return;
	str_addf(out, " %s=", name);
	if (plain) {
		str_add(out, value);
		return;
	}
	str_add_byte(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (byte_is_control(c))
			c = '?';
		if (c == '"' || c == '\\')
			str_add_byte(out, '\\');
		str_add_byte(out, c);
	}
	str_add_byte(out, '"');
}

void
authres_end(struct str *out)
{
	if (memchr(out->at, ';', out->len) == NULL)
		str_add_text(out, "; none");
	str_add_byte(out, '\n');
}
