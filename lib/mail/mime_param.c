/* Media types and their parameters (RFC 2045 5.1, RFC 2231 3). */
#include <string.h>

#include "base/encode.h"
#include "mail/cfws.h"
#include "mail/charset.h"
#include "mail/mime.h"
#include "mail/nstring.h"

bool
mime_take_token(struct span *rest, struct span *token_r)
{
	size_t n = 0;

	cfws_skip(rest);
	while (n < rest->len && !byte_is_space(rest->at[n]) &&
	    !byte_is_control(rest->at[n]) &&
	    memchr("()<>@,;:\\\"/[]?=", rest->at[n], 15) == NULL)
		n++;
	*token_r = span_head(*rest, n);
	*rest = span_from(*rest, n);
	return n > 0;
}

bool
media_read(struct span value, struct media *m_r)
{
	struct span rest = value;

	if (!mime_take_token(&rest, &m_r->type))
		return false;
	cfws_skip(&rest);
	if (!span_take(&rest, '/') || !mime_take_token(&rest, &m_r->subtype))
		return false;
	m_r->params = rest;
	return true;
}

bool
media_is(const struct media *m, const char *type)
{
	return span_equal_case(m->type, span_text(type));
}

static void
take_quoted(struct span *rest, struct str *value_r)
{
	char c;

	while (span_take_byte(rest, &c) && c != '"') {
		if (c == '\\' && !span_take_byte(rest, &c))
			return;
		if (c != '\r' && c != '\n')
			str_add_byte(value_r, c);
	}
}

static size_t
word_len(struct span s)
{
	size_t n = 0;

	while (n < s.len && !byte_is_space(s.at[n]) && s.at[n] != ';' &&
	    s.at[n] != '(')
		n++;
	return n;
}

/* The next parameter begins here, although the semicolon is missing. */
static bool
is_next(struct span s)
{
	struct span token;

	return mime_take_token(&s, &token) && span_take(&s, '=');
}

/* Take a token, or what some programs write instead: any bytes, and several
 * words (RFC 2045 5.1 requires quotes). */
static void
take_loose(struct span *rest, struct str *value_r)
{
	for (;;) {
		size_t n = word_len(*rest);
		struct span behind = span_from(*rest, n);

		str_add(value_r, span_head(*rest, n));
		*rest = behind;
		while (behind.len > 0 && byte_is_space(behind.at[0]))
			behind = span_from(behind, 1);
		if (word_len(behind) == 0 || is_next(behind))
			return;
		for (; rest->len > behind.len; *rest = span_from(*rest, 1))
			if (byte_is_blank(rest->at[0]))
				str_add_byte(value_r, rest->at[0]);
	}
}

bool
param_next(struct span *rest, struct span *name_r, struct str *value_r)
{
	while (rest->len > 0) {
		cfws_skip(rest);
		span_take(rest, ';');
		if (!mime_take_token(rest, name_r)) {
			*rest = span_from(*rest, span_find(*rest, ';'));
			continue;
		}
		cfws_skip(rest);
		if (!span_take(rest, '='))
			continue;
		cfws_skip(rest);
		str_clear(value_r);
		if (span_take(rest, '"'))
			take_quoted(rest, value_r);
		else
			take_loose(rest, value_r);
		return true;
	}
	return false;
}

enum { WHOLE = -1 };
struct param {
	struct span name; /* without its star and number */
	struct span value;
	int section;   /* WHOLE, or the number of a piece */
	bool extended; /* percent-encoded, perhaps with a character set */
	bool done;
};

/* RFC 2231 3 and 4: name, "*" number, "*". */
static struct param
param_split(struct span name, struct span value)
{
	struct param p = { .value = value, .section = WHOLE };
	size_t star = span_find(name, '*');
	struct span rest = span_from(name, star + 1);
	uint64_t n;

	p.name = span_head(name, star);
	if (star == name.len)
		return p;
	if (rest.len == 0) {
		p.extended = true;
		return p;
	}
	if (span_number(&rest, MIME_PARAMS, &n) &&
	    (rest.len == 0 || span_equal(rest, SPAN("*")))) {
		p.section = (int)n;
		p.extended = rest.len > 0;
	} else {
		p.name = name;
	}
	return p;
}

static struct param *
section_find(struct param *all, size_t count, struct span name, int section)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].section == section && !all[i].done &&
		    span_equal_case(all[i].name, name))
			return &all[i];
	return NULL;
}

/* Append the pieces of a name. True: some are encoded; plain ones among them
 * are then encoded too. */
static bool
sections_join(
    struct param *all, size_t count, struct span name, struct str *value)
{
	struct param *p;
	bool extended = false;

	for (int n = 0; (p = section_find(all, count, name, n)) != NULL; n++)
		extended |= p->extended;
	for (int n = 0; (p = section_find(all, count, name, n)) != NULL; n++) {
		p->done = true;
		if (extended && !p->extended)
			percent_encode(value, p->value, "-._~");
		else
			str_add(value, p->value);
	}
	return extended;
}

static void
sections_add(struct str *out, struct param *all, size_t count, struct span name)
{
	struct str value = STR_INIT;
	bool extended = sections_join(all, count, name, &value);

	str_add_byte(out, '"');
	str_add(out, name);
	str_add_text(out, extended ? "*\" " : "\" ");
	string_add(out, str_span(&value));
	str_free(&value);
}

static size_t
params_read(struct arena *a, struct span params, struct param *all)
{
	struct str value = STR_INIT;
	struct span name;
	size_t n = 0;

	while (n < MIME_PARAMS && param_next(&params, &name, &value))
		all[n++] = param_split(name, arena_copy(a, str_span(&value)));
	str_free(&value);
	return n;
}

/* RFC 2231 4: decode %XX; anything else stays. */
static void
percent_read(struct str *out, struct span in)
{
	while (in.len > 0) {
		if (in.at[0] != '%' || in.len < 3 ||
		    !hex_decode(out, span_head(span_from(in, 1), 2))) {
			str_add_byte(out, in.at[0]);
			in = span_from(in, 1);
		} else {
			in = span_from(in, 3);
		}
	}
}

/* RFC 2231 4: charset'language'text. */
static void
extended_read(struct str *out, struct span value)
{
	struct span rest = value, charset, language;
	struct str bytes = STR_INIT;
	bool named = span_until(&rest, '\'', &charset) &&
	    span_take(&rest, '\'') && span_until(&rest, '\'', &language) &&
	    span_take(&rest, '\'');

	percent_read(&bytes, named ? rest : value);
	if (!named || !charset_decode(out, charset, str_span(&bytes)))
		str_add(out, str_span(&bytes));
	str_free(&bytes);
}

static struct param *
whole_find(struct param *all, size_t count, struct span name, bool extended)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].section == WHOLE && all[i].extended == extended &&
		    span_equal_case(all[i].name, name))
			return &all[i];
	return NULL;
}

bool
param_get(struct span params, const char *name, struct str *value_r)
{
	struct param all[MIME_PARAMS], *p;
	struct arena a = ARENA_INIT;
	struct span wanted = span_text(name);
	size_t count = params_read(&a, params, all);
	struct str value = STR_INIT;
	bool found = true;

	str_clear(value_r);
	if ((p = whole_find(all, count, wanted, false)) != NULL)
		str_add(value_r, p->value);
	else if ((p = whole_find(all, count, wanted, true)) != NULL)
		extended_read(value_r, p->value);
	else if (section_find(all, count, wanted, 0) == NULL)
		found = false;
	else if (sections_join(all, count, wanted, &value))
		extended_read(value_r, str_span(&value));
	else
		str_add(value_r, str_span(&value));
	str_free(&value);
	arena_free(&a);
	return found;
}

void
params_add(struct str *out, struct span params)
{
	struct param all[MIME_PARAMS];
	struct arena a = ARENA_INIT;
	size_t count = params_read(&a, params, all), added = 0;

	for (size_t i = 0; i < count; i++) {
		struct param *p = &all[i];

		/* A piece without a first one is kept as it is. */
		if (p->done ||
		    (p->section > 0 &&
			section_find(all, count, p->name, 0) != NULL))
			continue;
		str_add_byte(out, added++ == 0 ? '(' : ' ');
		if (p->section == 0) {
			sections_add(out, all, count, p->name);
			continue;
		}
		str_add_byte(out, '"');
		str_add(out, p->name);
		if (p->section > 0)
			str_addf(out, "*%d", p->section);
		str_add_text(out, p->extended ? "*\" " : "\" ");
		string_add(out, p->value);
	}
	str_add_text(out, added == 0 ? "NIL" : ")");
	arena_free(&a);
}
