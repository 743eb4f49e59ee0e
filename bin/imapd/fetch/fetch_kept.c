/* What FETCH can tell of a message without its file: the parts of its excerpt in the
 * index (store/excerpt.h). What is not there is made of the message, told from that,
 * and kept, so that both are the same bytes. */
#include <string.h>

#include "fetch/fetch.h"
#include "mail/envelope.h"
#include "mail/header.h"

/* The fields that clients ask for in lists of messages. A place in this table is what
 * excerpts have: a change of it is another EXCERPT_VERSION. */
static const struct span known[] = {
	SPAN_INIT("Bcc"),
	SPAN_INIT("Cc"),
	SPAN_INIT("Content-Class"),
	SPAN_INIT("Content-Description"),
	SPAN_INIT("Content-Disposition"),
	SPAN_INIT("Content-Transfer-Encoding"),
	SPAN_INIT("Content-Type"),
	SPAN_INIT("Date"),
	SPAN_INIT("Delivered-To"),
	SPAN_INIT("Disposition-Notification-To"),
	SPAN_INIT("From"),
	SPAN_INIT("Importance"),
	SPAN_INIT("In-Reply-To"),
	SPAN_INIT("Lines"),
	SPAN_INIT("List-Archive"),
	SPAN_INIT("List-Help"),
	SPAN_INIT("List-Id"),
	SPAN_INIT("List-Owner"),
	SPAN_INIT("List-Post"),
	SPAN_INIT("List-Subscribe"),
	SPAN_INIT("List-Unsubscribe"),
	SPAN_INIT("List-Unsubscribe-Post"),
	SPAN_INIT("Mail-Followup-To"),
	SPAN_INIT("Mail-Reply-To"),
	SPAN_INIT("Message-ID"),
	SPAN_INIT("MIME-Version"),
	SPAN_INIT("Newsgroups"),
	SPAN_INIT("Priority"),
	SPAN_INIT("References"),
	SPAN_INIT("Reply-To"),
	SPAN_INIT("Resent-Message-ID"),
	SPAN_INIT("Return-Receipt-To"),
	SPAN_INIT("Sender"),
	SPAN_INIT("Subject"),
	SPAN_INIT("To"),
	SPAN_INIT("X-Draft-Info"),
	SPAN_INIT("X-Forwarded-Message-Id"),
	SPAN_INIT("X-Label"),
	SPAN_INIT("X-Mailer"),
	SPAN_INIT("X-Original-To"),
	SPAN_INIT("X-Priority"),
	SPAN_INIT("X-Spam-Flag"),
	SPAN_INIT("X-Spam-Status"),
	SPAN_INIT("User-Agent"),
};
_Static_assert(COUNT(known) <= 64, "a bit for each");

/* The fields in an excerpt: their number, then for each its place in the table and its
 * length, then their bytes as they are in the message. */
struct field_kept {
	uint32_t place;
	uint32_t len;
};

static unsigned
place_of(struct span name)
{
	unsigned i = 0;

	while (i < COUNT(known) &&
	    (known[i].len != name.len || !span_equal_case(known[i], name)))
		i++;
	return i;
}

static bool
section_is_kept(struct section *x)
{
	x->kept = 0;
	for (size_t i = 0; i < x->field_count; i++) {
		unsigned place = place_of(x->fields[i]);

		if (place == COUNT(known))
			return false;
		x->kept |= UINT64_C(1) << place;
	}
	return x->depth == 0 && x->text == SECTION_FIELDS;
}

bool
fetch_is_excerpt(const struct fetch *f, unsigned *parts_r)
{
	*parts_r = 0;
	for (struct item *i = f->first; i != NULL; i = i->next) {
		if (i->kind < ITEM_ENVELOPE)
			continue;
		if (i->kind == ITEM_ENVELOPE)
			*parts_r |= 1U << EXCERPT_ENVELOPE;
		else if (i->kind == ITEM_BODY)
			*parts_r |= 1U << EXCERPT_BODY;
		else if (i->kind == ITEM_BODYSTRUCTURE)
			*parts_r |= 1U << EXCERPT_BODYSTRUCTURE;
		else if (i->kind == ITEM_SECTION &&
		    section_is_kept(&i->section))
			*parts_r |= 1U << EXCERPT_FIELDS;
		else
			return false;
	}
	return *parts_r != 0;
}

void
kept_init(struct kept *k)
{
	for (unsigned i = 0; i < EXCERPT_PARTS; i++)
		str_init(&k->made[i]);
	str_init(&k->header);
}

void
kept_free(struct kept *k)
{
	for (unsigned i = 0; i < EXCERPT_PARTS; i++)
		str_free(&k->made[i]);
	str_free(&k->header);
}

bool
kept_find(struct kept *k, struct folder *f, uint32_t at, unsigned parts)
{
	struct excerpt e;

	if (!folder_excerpt(f, at, &e))
		return false;
	for (unsigned i = 0; i < EXCERPT_PARTS; i++)
		if ((parts & 1U << i) && !excerpt_take(&e, i, &k->part[i]))
			return false;
	return true;
}

/* bytes_r: those fields alone, as a header. */
static void
fields_make(struct str *out, struct span header, struct str *bytes_r)
{
	struct header_field h;
	uint32_t count = 0;

	str_add(out, (struct span){ (const char *)&count, sizeof count });
	while (header_next(&header, &h)) {
		struct field_kept field = { .place = place_of(h.name),
			.len = (uint32_t)h.whole.len };

		if (field.place == COUNT(known))
			continue;
		str_add(
		    out, (struct span){ (const char *)&field, sizeof field });
		str_add(bytes_r, h.whole);
		count++;
	}
	memcpy(out->at, &count, sizeof count);
	str_add(out, str_span(bytes_r));
}

void
kept_make(struct kept *k, struct content *c, enum content_need read,
    unsigned parts, struct arena *a)
{
	struct str *made = k->made;

	for (unsigned i = 0; i < EXCERPT_PARTS; i++) {
		str_clear(&made[i]);
		k->part[i] = (struct span){ NULL, 0 };
	}
	/* All that is asked of the header below is in fields that are kept; most
	 * of a header is others. */
	str_clear(&k->header);
	fields_make(&made[EXCERPT_FIELDS], c->bytes, &k->header);
	envelope_add(&made[EXCERPT_ENVELOPE], str_span(&k->header));
	kept_keys_make(&made[EXCERPT_KEYS], str_span(&k->header));
	kept_texts_make(&made[EXCERPT_TEXTS], str_span(&k->header));
	if (read == NEED_MESSAGE)
		bodystructure_add(
		    &made[EXCERPT_BODYSTRUCTURE], content_mime(c, a), true);
	/* Clients want one of them, and hardly ever this one. */
	if (parts & 1U << EXCERPT_BODY)
		bodystructure_add(
		    &made[EXCERPT_BODY], content_mime(c, a), false);
	for (unsigned i = 0; i < EXCERPT_PARTS; i++)
		if (made[i].len > 0)
			k->part[i] = str_span(&made[i]);
}

void
kept_keep(struct kept *k, struct folder *f, uint32_t at)
{
	folder_excerpt_keep(f, at, k->part);
}

/* Bounded by what is there, whoever made it. */
static void
fields_begin(struct span fields, struct kept_rest *rest_r)
{
	uint32_t count = 0;

	if (fields.len >= sizeof count)
		memcpy(&count, fields.at, sizeof count);
	fields = span_from(fields, sizeof count);
	rest_r->table = span_head(fields, count * sizeof(struct field_kept));
	rest_r->bytes = span_from(fields, rest_r->table.len);
}

static bool
fields_next(struct kept_rest *rest, unsigned *place_r, struct span *whole_r)
{
	struct field_kept field;

	if (rest->table.len < sizeof field)
		return false;
	memcpy(&field, rest->table.at, sizeof field);
	rest->table = span_from(rest->table, sizeof field);
	*place_r = field.place;
	*whole_r = span_head(rest->bytes, field.len);
	rest->bytes = span_from(rest->bytes, field.len);
	return true;
}

void
kept_fields(const struct kept *k, const struct section *x, struct str *out)
{
	struct kept_rest rest = { .place = 0 };
	struct span whole;
	unsigned place;

	fields_begin(k->part[EXCERPT_FIELDS], &rest);
	while (fields_next(&rest, &place, &whole))
		if (x->kept >> (place & 63) & 1)
			str_add(out, whole);
	if (out->len > 0 && out->at[out->len - 1] != '\n')
		str_add_byte(out, '\n');
	str_add_byte(out, '\n');
}

bool
kept_fields_begin(
    struct span fields, struct span name, struct kept_rest *rest_r)
{
	rest_r->place = place_of(name);
	fields_begin(fields, rest_r);
	return rest_r->place < COUNT(known);
}

bool
kept_fields_next(struct kept_rest *rest, struct header_field *field_r)
{
	struct span whole;
	unsigned place;

	while (fields_next(rest, &place, &whole))
		if (place == rest->place && header_next(&whole, field_r))
			return true;
	return false;
}
