#include "edit.h"

/* The line's entry has this key. */
static bool
line_is(struct span line, struct span key, struct entry *e)
{
	struct str wrong = STR_INIT;
	struct span content = text_content(line);
	bool is = content.len > 0 && entry_parse(content, e, &wrong) &&
	    span_equal(str_span(&e->key), key);

	str_free(&wrong);
	return is;
}

bool
edit_find(struct span text, struct span key, enum entry_kind kind,
    struct span *line_r)
{
	struct entry e;
	bool found = false;

	entry_init(&e);
	while (!found && span_line(&text, line_r))
		found = line_is(*line_r, key, &e) && e.kind == kind;
	entry_free(&e);
	return found;
}

void
edit_append(struct str *text, struct span line)
{
	if (text->len > 0 && text->at[text->len - 1] != '\n')
		str_add_byte(text, '\n');
	str_add(text, line);
	str_add_byte(text, '\n');
}

unsigned
edit_remove(struct str *text, struct span key)
{
	struct str kept = STR_INIT;
	struct span rest = str_span(text), line;
	struct entry e;
	unsigned n = 0;

	entry_init(&e);
	while (span_line(&rest, &line))
		if (line_is(line, key, &e)) {
			n++;
		} else {
			str_add(&kept, line);
			str_add_byte(&kept, '\n');
		}
	str_set(text, str_span(&kept));
	str_wipe(&kept);
	entry_free(&e);
	return n;
}

void
edit_replace(struct str *text, struct span line, struct span with)
{
	struct span content = text_content(line), behind;
	struct str out = STR_INIT;
	size_t at = (size_t)(line.at - text->at);

	str_add(&out, span_head(str_span(text), at));
	behind = span_from(str_span(text), at + line.len);
	if (with.len == 0) {
		span_take(&behind, '\n');
	} else {
		str_add(&out, with);
		str_add(&out,
		    span_from(
			line, (size_t)(content.at - line.at) + content.len));
	}
	str_add(&out, behind);
	str_set(text, str_span(&out));
	str_wipe(&out);
}

static bool
same_name(struct span a, struct span b)
{
	return span_equal(
	    span_head(a, span_find(a, '=')), span_head(b, span_find(b, '=')));
}

/* The line anew: every old word of the same name left out, the new ones
 * before the comment. */
static void
line_rewrite(
    struct str *out, struct span line, const struct span *words, size_t n)
{
	struct span content = text_content(line), rest = content;

	str_add(out, span_head(line, (size_t)(content.at - line.at)));
	while (rest.len > 0) {
		size_t blanks = 0, end;
		bool replaced = false;

		while (blanks < rest.len && byte_is_blank(rest.at[blanks]))
			blanks++;
		end = blanks;
		while (end < rest.len && !byte_is_blank(rest.at[end]))
			end++;
		for (size_t i = 0; i < n; i++)
			replaced |= same_name(
			    span_from(span_head(rest, end), blanks), words[i]);
		if (!replaced)
			str_add(out, span_head(rest, end));
		rest = span_from(rest, end);
	}
	for (size_t i = 0; i < n; i++) {
		str_add_byte(out, ' ');
		str_add(out, words[i]);
	}
	str_add(
	    out, span_from(line, (size_t)(content.at - line.at) + content.len));
}

void
edit_words(
    struct str *text, struct span line, const struct span *words, size_t n)
{
	struct str out = STR_INIT;
	size_t at = (size_t)(line.at - text->at);

	str_add(&out, span_head(str_span(text), at));
	line_rewrite(&out, line, words, n);
	str_add(&out, span_from(str_span(text), at + line.len));
	str_set(text, str_span(&out));
	str_wipe(&out);
}
