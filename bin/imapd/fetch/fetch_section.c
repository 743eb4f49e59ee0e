/* BODY[section]<partial> (RFC 3501 6.4.5): parsed from the command, and written
 * from a message. */
#include "fetch/fetch.h"
#include "mail/crlf.h"
#include "mail/header.h"
#include "mail/nstring.h"

enum { FIELDS_MAX = 1000 };

static bool
take_fields(struct parser *p, struct section *s)
{
	size_t room = 0;

	if (!parse_space(p) || !parse_byte(p, '('))
		return false;
	do {
		struct span name;

		if (s->field_count >= FIELDS_MAX || !parse_astring(p, &name))
			return false;
		if (s->field_count == room) {
			struct span *more = arena_new(
			    p->arena, (2 * room + 8) * sizeof *more);

			for (size_t i = 0; i < room; i++)
				more[i] = s->fields[i];
			s->fields = more;
			room = 2 * room + 8;
		}
		s->fields[s->field_count++] = name;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

static bool
take_text(struct parser *p, struct section *s)
{
	static const struct {
		const char *name;
		enum section_text text;
	} texts[] = {
		{ "HEADER", SECTION_HEADER },
		{ "HEADER.FIELDS", SECTION_FIELDS },
		{ "HEADER.FIELDS.NOT", SECTION_FIELDS_NOT },
		{ "TEXT", SECTION_TEXT },
		{ "MIME", SECTION_MIME },
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		if (!parse_is(p, texts[i].name))
			continue;
		s->text = texts[i].text;
		if (s->text == SECTION_FIELDS || s->text == SECTION_FIELDS_NOT)
			return take_fields(p, s);
		/* RFC 3501 9: MIME wants a part before it. */
		return s->text != SECTION_MIME || s->depth > 0;
	}
	return false;
}

static bool
take_specification(struct parser *p, struct section *s)
{
	uint32_t numbers[MIME_DEPTH] = { 0 };

	while (p->rest.len > 0 && byte_is_digit(p->rest.at[0])) {
		if (s->depth == MIME_DEPTH ||
		    !parse_number(p, &numbers[s->depth]) ||
		    numbers[s->depth++] == 0)
			return false;
		if (!parse_byte(p, '.'))
			break;
		if (p->rest.len > 0 && p->rest.at[0] == ']')
			return false;
	}
	s->part = arena_new(p->arena, (s->depth + 1) * sizeof *s->part);
	for (size_t i = 0; i < s->depth; i++)
		s->part[i] = numbers[i];
	return p->rest.len == 0 || p->rest.at[0] == ']' || take_text(p, s);
}

static void
field_name_add(struct str *out, struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!byte_is_alpha(name.at[i]) && !byte_is_digit(name.at[i]) &&
		    name.at[i] != '-' && name.at[i] != '_') {
			string_add(out, name);
			return;
		}
	if (name.len == 0)
		string_add(out, name);
	str_add(out, name);
}

/* The label in the response: the section in canonical form, and of a partial
 * only the origin. */
static struct span
label_make(struct arena *a, const struct section *s, const char *name)
{
	static const char *const names[] = { "", "HEADER", "HEADER.FIELDS",
		"HEADER.FIELDS.NOT", "TEXT", "MIME" };
	struct str label = STR_INIT;
	struct span kept;

	str_addf(&label, "%s[", name);
	for (size_t i = 0; i < s->depth; i++)
		str_addf(&label, "%s%u", i == 0 ? "" : ".", s->part[i]);
	if (s->depth > 0 && s->text != SECTION_ALL)
		str_add_byte(&label, '.');
	str_add_text(&label, names[s->text]);
	for (size_t i = 0; i < s->field_count; i++) {
		str_add_text(&label, i == 0 ? " (" : " ");
		field_name_add(&label, s->fields[i]);
	}
	str_add_text(&label, s->field_count > 0 ? ")]" : "]");
	if (s->partial)
		str_addf(&label, "<%llu>", (unsigned long long)s->from);
	kept = arena_copy(a, str_span(&label));
	str_free(&label);
	return kept;
}

bool
section_text_take(struct parser *p, struct section *s)
{
	return take_specification(p, s);
}

static bool
take_partial(struct parser *p, struct section *s)
{
	if (!parse_byte(p, '<'))
		return true;
	s->partial = true;
	return parse_number64(p, &s->from) && parse_byte(p, '.') &&
	    parse_number64(p, &s->count) && parse_byte(p, '>') && s->count > 0;
}

bool
section_take(struct parser *p, struct item *item)
{
	struct section *s = &item->section;

	if (!parse_byte(p, '[') || !take_specification(p, s) ||
	    !parse_byte(p, ']') || !take_partial(p, s))
		return false;
	item->label = label_make(p->arena, s, "BODY");
	return true;
}

bool
section_binary_take(struct parser *p, struct item *item, const char *name)
{
	struct section *s = &item->section;

	if (!parse_byte(p, '[') || !take_specification(p, s) ||
	    s->text != SECTION_ALL || !parse_byte(p, ']') ||
	    (item->kind == ITEM_BINARY && !take_partial(p, s)))
		return false;
	item->label = label_make(p->arena, s, name);
	return true;
}

/* Returns the size of the whole text on the wire. An empty text is sent as "",
 * never {0}: Apple's clients wait for more after {0}. */
static uint64_t
span_put(struct session *s, const struct item *item, struct span text)
{
	const struct section *x = &item->section;
	uint64_t whole = crlf_size(text), size = whole, from = 0;

	if (x->partial) {
		from = x->from < size ? x->from : size;
		size -= from;
		if (size > x->count)
			size = x->count;
	}
	if (size == 0) {
		io_put_text(&s->io, " \"\"");
		return whole;
	}
	io_putf(&s->io, " {%llu}\r\n", (unsigned long long)size);
	crlf_put(&s->io, text, from, size);
	return whole;
}

static bool
is_wanted(const struct section *x, const struct header_field *h)
{
	for (size_t i = 0; i < x->field_count; i++)
		if (span_equal_case(h->name, x->fields[i]))
			return x->text == SECTION_FIELDS;
	return x->text == SECTION_FIELDS_NOT;
}

/* RFC 3501 6.4.5: the chosen fields, and the empty line. */
static struct span
fields_choose(const struct section *x, struct span header, struct arena *a)
{
	struct str chosen = STR_INIT;
	struct header_field h;
	struct span kept;

	while (header_next(&header, &h))
		if (is_wanted(x, &h))
			str_add(&chosen, h.whole);
	if (chosen.len > 0 && chosen.at[chosen.len - 1] != '\n')
		str_add_byte(&chosen, '\n');
	str_add_byte(&chosen, '\n');
	kept = arena_copy(a, str_span(&chosen));
	str_free(&chosen);
	return kept;
}

static struct span
text_choose(const struct section *x, struct span header, struct span body,
    struct arena *a)
{
	switch (x->text) {
	case SECTION_HEADER:
	case SECTION_MIME:
		return header;
	case SECTION_FIELDS:
	case SECTION_FIELDS_NOT:
		return fields_choose(x, header, a);
	case SECTION_ALL:
	case SECTION_TEXT:
		break;
	}
	return body;
}

bool
section_find(const struct section *x, struct content *c, struct arena *a,
    struct span *text_r)
{
	const struct part *p;
	size_t header;

	if (x->depth == 0) {
		*text_r = c->bytes;
		if (x->text == SECTION_ALL)
			return true;
		header = header_size(c->bytes);
		*text_r = text_choose(x, span_head(c->bytes, header),
		    span_from(c->bytes, header), a);
		return true;
	}
	p = mime_find(content_mime(c, a), x->part, x->depth);
	/* HEADER and TEXT refer to the message embedded in a part. */
	if (p != NULL && x->text != SECTION_ALL && x->text != SECTION_MIME)
		p = p->kind == PART_MESSAGE ? p->first : NULL;
	if (p == NULL)
		return false;
	*text_r = text_choose(x, p->header, p->body, a);
	return true;
}

void
section_put(struct session *s, const struct item *item, struct content *c,
    struct arena *a)
{
	const struct section *x = &item->section;
	struct span text;
	uint64_t wire;

	io_put(&s->io, item->label);
	if (!section_find(x, c, a, &text)) {
		io_put_text(&s->io, " NIL");
		return;
	}
	wire = span_put(s, item, text);
	if (x->depth == 0 && x->text == SECTION_ALL)
		c->wire = wire;
}

void
section_put_kept(struct session *s, const struct item *item,
    const struct kept *k, struct str *scratch)
{
	io_put(&s->io, item->label);
	str_clear(scratch);
	kept_fields(k, &item->section, scratch);
	span_put(s, item, str_span(scratch));
}
