/* Parsing the items of FETCH. */
#include "fetch/fetch.h"

static void
item_add(struct parser *p, struct fetch *f, enum item_kind kind)
{
	struct item *item = arena_new(p->arena, sizeof *item);

	item->kind = kind;
	if (f->last == NULL)
		f->first = item;
	else
		f->last->next = item;
	f->last = item;
}

bool
fetch_has(const struct fetch *f, enum item_kind kind)
{
	for (const struct item *i = f->first; i != NULL; i = i->next)
		if (i->kind == kind)
			return true;
	return false;
}

void
fetch_add(struct parser *p, struct fetch *f, enum item_kind kind)
{
	if (!fetch_has(f, kind))
		item_add(p, f, kind);
}

void
fetch_uid_first(struct parser *p, struct fetch *f)
{
	struct item *item;

	if (fetch_has(f, ITEM_UID))
		return;
	item = arena_new(p->arena, sizeof *item);
	item->kind = ITEM_UID;
	item->next = f->first;
	f->first = item;
}

/* RFC822 and its relatives are sections under another label. RFC822.PEEK is not
 * in any standard, but Outlook sends it. */
static const struct {
	const char *name;
	const char *label;
	enum item_kind kind;
	enum section_text text;
	bool sets_seen;
	const char *capability; /* NULL: always there */
} items[] = {
	{ "FLAGS", NULL, ITEM_FLAGS, 0, false, NULL },
	{ "UID", NULL, ITEM_UID, 0, false, NULL },
	{ "INTERNALDATE", NULL, ITEM_DATE, 0, false, NULL },
	{ "RFC822.SIZE", NULL, ITEM_SIZE, 0, false, NULL },
	{ "EMAILID", NULL, ITEM_EMAILID, 0, false, "OBJECTID" },
	{ "THREADID", NULL, ITEM_THREADID, 0, false, "OBJECTID" },
	{ "SAVEDATE", NULL, ITEM_SAVEDATE, 0, false, "SAVEDATE" },
	{ "MODSEQ", NULL, ITEM_MODSEQ, 0, false, "CONDSTORE" },
	{ "PREVIEW", NULL, ITEM_PREVIEW, 0, false, "PREVIEW" },
	{ "ENVELOPE", NULL, ITEM_ENVELOPE, 0, false, NULL },
	{ "BODYSTRUCTURE", NULL, ITEM_BODYSTRUCTURE, 0, false, NULL },
	{ "RFC822", "RFC822", ITEM_SECTION, SECTION_ALL, true, NULL },
	{ "RFC822.PEEK", "RFC822", ITEM_SECTION, SECTION_ALL, false, NULL },
	{ "RFC822.HEADER", "RFC822.HEADER", ITEM_SECTION, SECTION_HEADER, false,
	    NULL },
	{ "RFC822.TEXT", "RFC822.TEXT", ITEM_SECTION, SECTION_TEXT, true,
	    NULL },
	{ "RFC822.TEXT.PEEK", "RFC822.TEXT", ITEM_SECTION, SECTION_TEXT, false,
	    NULL },
};

static bool
take_binary(struct parser *p, struct fetch *f, struct span name)
{
	bool size = span_equal_case(name, SPAN("BINARY.SIZE"));

	item_add(p, f, size ? ITEM_BINARY_SIZE : ITEM_BINARY);
	f->last->capability = "BINARY";
	f->sets_seen |= span_equal_case(name, SPAN("BINARY"));
	return section_binary_take(p, f->last, size ? "BINARY.SIZE" : "BINARY");
}

/* RFC 8970 3.2: " (LAZY)" may follow. Ours is made when it is asked for, which
 * takes no longer than a body structure does. */
static bool
take_modifiers(struct parser *p, enum item_kind kind)
{
	struct span rest = p->rest;

	if (kind != ITEM_PREVIEW || !span_take(&rest, ' ') ||
	    !span_take(&rest, '('))
		return true;
	p->rest = rest;
	return parse_is(p, "LAZY") && parse_byte(p, ')');
}

static bool
take_item(struct parser *p, struct fetch *f)
{
	struct span name;

	if (!parse_name(p, &name))
		return false;
	if (span_equal_case(name, SPAN("BINARY")) ||
	    span_equal_case(name, SPAN("BINARY.PEEK")) ||
	    span_equal_case(name, SPAN("BINARY.SIZE")))
		return take_binary(p, f, name);
	if (span_equal_case(name, SPAN("BODY")) ||
	    span_equal_case(name, SPAN("BODY.PEEK"))) {
		bool peek = name.len > 4;

		if (p->rest.len == 0 || p->rest.at[0] != '[') {
			item_add(p, f, ITEM_BODY);
			return !peek;
		}
		item_add(p, f, ITEM_SECTION);
		f->sets_seen |= !peek;
		return section_take(p, f->last);
	}
	for (size_t i = 0; i < COUNT(items); i++) {
		if (!span_equal_case(name, span_text(items[i].name)))
			continue;
		item_add(p, f, items[i].kind);
		f->last->capability = items[i].capability;
		f->last->section.text = items[i].text;
		if (items[i].label != NULL)
			f->last->label = span_text(items[i].label);
		f->sets_seen |= items[i].sets_seen;
		return take_modifiers(p, items[i].kind);
	}
	return false;
}

static bool
take_macro(struct parser *p, struct fetch *f)
{
	static const char *const macros[] = { "FAST", "ALL", "FULL" };
	static const enum item_kind kinds[] = { ITEM_FLAGS, ITEM_DATE,
		ITEM_SIZE, ITEM_ENVELOPE, ITEM_BODY };

	for (size_t i = 0; i < COUNT(macros); i++) {
		if (!parse_is(p, macros[i]))
			continue;
		for (size_t k = 0; k < 3 + i; k++)
			item_add(p, f, kinds[k]);
		return true;
	}
	return false;
}

bool
fetch_take(struct parser *p, struct fetch *f_r)
{
	*f_r = (struct fetch){ .first = NULL };
	if (take_macro(p, f_r))
		return true;
	if (!parse_byte(p, '('))
		return take_item(p, f_r);
	do {
		if (!take_item(p, f_r))
			return false;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

bool
fetch_is_offered(const struct session *s, const struct fetch *f)
{
	for (const struct item *i = f->first; i != NULL; i = i->next)
		if (i->capability != NULL && !session_offers(s, i->capability))
			return false;
	return true;
}

enum content_need
fetch_need(const struct fetch *f)
{
	enum content_need need = NEED_NOTHING;

	for (const struct item *i = f->first; i != NULL; i = i->next) {
		bool header = i->kind == ITEM_ENVELOPE ||
		    (i->kind == ITEM_SECTION && i->section.depth == 0 &&
			i->section.text >= SECTION_HEADER &&
			i->section.text <= SECTION_FIELDS_NOT);

		if (i->kind < ITEM_ENVELOPE)
			continue;
		if (!header)
			return NEED_MESSAGE;
		need = NEED_HEADER;
	}
	return need;
}
