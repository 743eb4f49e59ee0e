/* BODY and BODYSTRUCTURE (RFC 3501 7.4.2). */
#include "mail/cfws.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/nstring.h"

/* The fields of a part's header that are sent; at == NULL: none. */
struct shown {
	struct span id, description, md5, disposition, language, location;
};

static struct shown
shown_read(struct span header)
{
	struct shown s = { .id = { NULL, 0 } };
	const struct {
		const char *name;
		struct span *value;
	} fields[] = {
		{ "Content-ID", &s.id },
		{ "Content-Description", &s.description },
		{ "Content-MD5", &s.md5 },
		{ "Content-Disposition", &s.disposition },
		{ "Content-Language", &s.language },
		{ "Content-Location", &s.location },
	};
	struct header_field h;

	while (header_next(&header, &h)) {
		if (!span_starts_case(h.name, SPAN("Content-")))
			continue;
		for (size_t i = 0; i < COUNT(fields); i++)
			if (fields[i].value->at == NULL &&
			    header_is(&h, fields[i].name))
				*fields[i].value = h.value;
	}
	return s;
}

static void
disposition_add(struct str *out, struct span value)
{
	struct span token;

	if (value.at == NULL || !mime_take_token(&value, &token)) {
		str_add(out, SPAN("NIL"));
		return;
	}
	str_add_byte(out, '(');
	string_add(out, token);
	str_add_byte(out, ' ');
	params_add(out, value);
	str_add_byte(out, ')');
}

/* RFC 3282: tags separated by commas. */
static void
language_add(struct str *out, struct span value)
{
	struct span token;
	size_t n = 0;

	while (value.at != NULL && mime_take_token(&value, &token)) {
		str_add_byte(out, n++ == 0 ? '(' : ' ');
		string_add(out, token);
		cfws_skip(&value);
		span_take(&value, ',');
	}
	str_add_text(out, n == 0 ? "NIL" : ")");
}

static void
extension_add(struct str *out, const struct shown *s)
{
	str_add_byte(out, ' ');
	disposition_add(out, s->disposition);
	str_add_byte(out, ' ');
	language_add(out, s->language);
	str_add_byte(out, ' ');
	nstring_add_value(out, s->location);
}

static void
multipart_add(struct str *out, const struct part *p, bool extended)
{
	for (const struct part *c = p->first; c != NULL; c = c->next)
		bodystructure_add(out, c, extended);
	str_add_byte(out, ' ');
	string_add(out, p->media.subtype);
	if (extended) {
		struct shown s = shown_read(p->header);

		str_add_byte(out, ' ');
		params_add(out, p->media.params);
		extension_add(out, &s);
	}
}

static void
single_add(struct str *out, const struct part *p, bool extended)
{
	const struct media *m = &p->media;
	struct shown s = shown_read(p->header);
	bool structured;

	string_add(out, m->type);
	str_add_byte(out, ' ');
	string_add(out, m->subtype);
	str_add_byte(out, ' ');
	params_add(out, m->params);
	str_add_byte(out, ' ');
	nstring_add_value(out, s.id);
	str_add_byte(out, ' ');
	nstring_add_value(out, s.description);
	str_add_byte(out, ' ');
	string_add(out, p->encoding.len > 0 ? p->encoding : SPAN("7bit"));
	str_add_byte(out, ' ');
	str_add_number(out, p->octets);
	/* RFC 3501 9: body-type-msg is that of message/rfc822 alone;
	 * message/global is opaque to the client. */
	structured = p->kind == PART_MESSAGE &&
	    span_equal_case(m->subtype, SPAN("rfc822"));
	if (structured) {
		str_add_byte(out, ' ');
		envelope_add(out, p->first->header);
		str_add_byte(out, ' ');
		bodystructure_add(out, p->first, extended);
	}
	if (structured || media_is(m, "text")) {
		str_add_byte(out, ' ');
		str_add_number(out, p->lines);
	}
	if (extended) {
		str_add_byte(out, ' ');
		nstring_add_value(out, s.md5);
		extension_add(out, &s);
	}
}

/* Recursion is bounded by MIME_DEPTH. */
void
bodystructure_add(struct str *out, const struct part *p, bool extended)
{
	str_add_byte(out, '(');
	if (p->kind == PART_MULTIPART)
		multipart_add(out, p, extended);
	else
		single_add(out, p, extended);
	str_add_byte(out, ')');
}
