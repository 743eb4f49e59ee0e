/* Media types and their parameters (RFC 2045 5.1, RFC 2231 3). */
#include <string.h>

#include "base/encode.h"
#include "mail/cfws.h"
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

struct media
mime_media(const struct part *p)
{
	struct span rest = p->type;
	struct media m;

	if (p->type.at != NULL && mime_take_token(&rest, &m.type)) {
		cfws_skip(&rest);
		if (span_take(&rest, '/') &&
		    mime_take_token(&rest, &m.subtype)) {
			m.params = rest;
			return m;
		}
	}
	/* RFC 2046 5.1.5 */
	if (p->in_digest && p->type.at == NULL)
		return (
		    struct media){ SPAN("message"), SPAN("rfc822"), SPAN("") };
	/* RFC 2045 5.2 */
	return (struct media){ SPAN("text"), SPAN("plain"),
		SPAN("; charset=us-ascii") };
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

/* A token, and what people write instead of one. */
static void
take_loose(struct span *rest, struct str *value_r)
{
	size_t n = 0;

	while (n < rest->len && !byte_is_space(rest->at[n]) &&
	    rest->at[n] != ';' && rest->at[n] != '(')
		n++;
	str_add(value_r, span_head(*rest, n));
	*rest = span_from(*rest, n);
}

bool
param_next(struct span *rest, struct span *name_r, struct str *value_r)
{
	for (;;) {
		size_t n = span_find(*rest, ';');

		if (n == rest->len)
			return false;
		*rest = span_from(*rest, n + 1);
		if (!mime_take_token(rest, name_r))
			continue;
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
}

bool
param_get(struct span params, const char *name, struct str *value_r)
{
	struct span found;

	for (size_t i = 0; i < MIME_PARAMS; i++) {
		if (!param_next(&params, &found, value_r))
			break;
		if (span_equal_case(found, span_text(name)))
			return true;
	}
	str_clear(value_r);
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

/* Join the pieces of a name; plain pieces among extended ones are encoded. */
static void
sections_add(struct str *out, struct param *all, size_t count, struct span name)
{
	struct str value = STR_INIT;
	struct param *p;
	bool extended = false;

	for (int n = 0; (p = section_find(all, count, name, n)) != NULL; n++)
		extended |= p->extended;
	for (int n = 0; (p = section_find(all, count, name, n)) != NULL; n++) {
		p->done = true;
		if (extended && !p->extended)
			percent_encode(&value, p->value, "-._~");
		else
			str_add(&value, p->value);
	}
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

void
params_add(struct str *out, struct span params)
{
	struct param all[MIME_PARAMS];
	struct arena a = ARENA_INIT;
	size_t count = params_read(&a, params, all), added = 0;

	for (size_t i = 0; i < count; i++) {
		struct param *p = &all[i];

		/* A piece without its first is shown as it stands. */
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
