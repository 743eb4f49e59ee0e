#include "trust/tags.h"

struct span
space_trim(struct span s)
{
	while (s.len > 0 && byte_is_space(s.at[0]))
		s = span_from(s, 1);
	while (s.len > 0 && byte_is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool
word_next(struct span *rest, char separator, struct span *word_r)
{
	if (rest->at == NULL)
		return false;
	if (span_until(rest, separator, word_r))
		*rest = span_from(*rest, 1);
	else {
		*word_r = *rest;
		*rest = (struct span){ NULL, 0 };
	}
	*word_r = space_trim(*word_r);
	return true;
}

bool
tag_next(struct span *rest, struct tag *t_r)
{
	struct span whole;

	if (!word_next(rest, ';', &whole))
		return false;
	*t_r = (struct tag){ .name = SPAN(""), .value = whole };
	if (span_until(&whole, '=', &t_r->name)) {
		t_r->name = space_trim(t_r->name);
		t_r->value = space_trim(span_from(whole, 1));
	}
	return true;
}

/* RFC 6376 3.2: ALPHA *(ALPHA / DIGIT / "_"). */
static bool
is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!byte_is_alpha(c) &&
		    (i == 0 || (!byte_is_digit(c) && c != '_')))
			return false;
	}
	return name.len > 0;
}

/* Printable ASCII and folding white space. Bytes above 127 are those of
 * internationalised mail (RFC 8616 4). */
static bool
is_value(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (byte_is_control(value.at[i]) && !byte_is_space(value.at[i]))
			return false;
	return true;
}

bool
tags_parse(struct span text, struct tags *t_r)
{
	struct span rest = text;
	struct tag tag;

	t_r->count = 0;
	while (tag_next(&rest, &tag)) {
		/* The last tag may be followed by a ';'. */
		if (tag.name.len == 0 && tag.value.len == 0 &&
		    rest.at == NULL && t_r->count > 0)
			return true;
		for (size_t i = 0; i < t_r->count; i++)
			if (span_equal(t_r->at[i].name, tag.name))
				return false;
		if (!is_name(tag.name) || !is_value(tag.value) ||
		    t_r->count == TAGS_MAX)
			return false;
		t_r->at[t_r->count++] = tag;
	}
	return t_r->count > 0;
}

bool
tags_find(const struct tags *t, const char *name, struct span *value_r)
{
	for (size_t i = 0; i < t->count; i++)
		if (span_equal(t->at[i].name, span_text(name))) {
			*value_r = t->at[i].value;
			return true;
		}
	return false;
}
