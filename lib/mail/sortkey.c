#include "mail/sortkey.h"

#include "mail/cfws.h"
#include "mail/date.h"
#include "mail/envelope.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/word.h"

/* Bytes of a Message ID within "<" and ">". RFC 5256 3: quotes, and what they
 * protect, are taken off; blanks and comments were never part of it. False: it
 * is none. */
static bool
id_add(struct span *rest, struct str *out)
{
	size_t from = out->len, at = 0;
	bool quoted = false;
	char c;

	while (span_take_byte(rest, &c)) {
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\' && quoted && !span_take_byte(rest, &c))
			return false;
		if (!quoted && c == '(') {
			*rest = (struct span){ rest->at - 1, rest->len + 1 };
			comment_skip(rest);
			continue;
		}
		if (!quoted && c == '>')
			return at > from && at + 1 < out->len;
		if (!quoted && c == '<')
			return false;
		if (!quoted && c == '@')
			at = out->len;
		if (c != '\n' && (quoted || !byte_is_space(c)))
			str_add_byte(out, c);
	}
	return false;
}

/* What has no end may hold one that has one; a line is no longer than this (RFC
 * 5322 2.1.1), and so is an ID. */
bool
message_id_next(struct span *rest, struct str *out)
{
	enum { ID_MAX = 998 };
	size_t from = out->len;
	struct span inside;

	while (span_until(rest, '<', &inside)) {
		span_take(rest, '<');
		inside = span_head(*rest, ID_MAX);
		if (id_add(&inside, out)) {
			*rest = span_from(
			    *rest, (size_t)(inside.at - rest->at));
			return true;
		}
		str_cut(out, from);
	}
	return false;
}

/* RFC 5256 3 (REFERENCES): the first valid one, or all. */
static void
ids_add(struct str *out, struct span value, size_t most)
{
	size_t count = 0;

	while (count < most && message_id_next(&value, out)) {
		str_add_byte(out, '\n');
		count++;
	}
}

static void
ids_keep_last(struct str *ids, size_t most)
{
	size_t count = 0, at = ids->len;

	while (at > 0) {
		if (ids->at[at - 1] == '\n' && count++ == most)
			break;
		at--;
	}
	str_shift(ids, at);
}

/* RFC 5957 3. */
static void
display_add(struct str *out, const struct envelope_first *a)
{
	struct str name = STR_INIT;

	word_decode(&name, str_span(&a->name));
	if (name.len == 0) {
		str_add(&name, str_span(&a->mailbox));
		if (a->host.len > 0) {
			str_add_byte(&name, '@');
			str_add(&name, str_span(&a->host));
		}
	}
	fold_add(out, str_span(&name));
	str_free(&name);
}

struct found {
	unsigned seen;      /* a bit for each field */
	unsigned addressed; /* a bit for the plain key of what had an address */
	struct span in_reply_to;
};

/* Of several fields of the name, the first that has an address, whichever of its keys
 * are wanted. */
static void
address_take_keys(struct sortkeys *k, unsigned wanted, struct found *found,
    enum sortkey plain, enum sortkey display, struct span value)
{
	struct envelope_first a;

	wanted &= 1U << plain | 1U << display;
	if (wanted == 0 || (found->addressed & 1U << plain))
		return;
	envelope_first_init(&a);
	if (envelope_first(value, &a)) {
		found->addressed |= 1U << plain;
		if (wanted & 1U << plain)
			fold_add(&k->text[plain], str_span(&a.mailbox));
		if (display != plain && wanted & 1U << display)
			display_add(&k->text[display], &a);
	}
	envelope_first_free(&a);
}

static void
subject_take_key(struct sortkeys *k, struct span value)
{
	struct str base = STR_INIT;

	k->reply = base_subject(&base, value);
	fold_add(&k->text[SORTKEY_SUBJECT], str_span(&base));
	str_free(&base);
}

/* RFC 5322 3.3: a year is 1900 or later; "0102" is none. */
static void
date_take_key(struct sortkeys *k, struct span value)
{
	const int64_t first = -2208988800;
	struct date date;

	k->dated = date_parse_day(value, &date) && date.seconds >= first;
	k->sent = k->dated ? date.seconds : 0;
}

enum field {
	FIELD_OTHER,
	FIELD_CC,
	FIELD_DATE,
	FIELD_FROM,
	FIELD_IN_REPLY_TO,
	FIELD_MESSAGE_ID,
	FIELD_REFERENCES,
	FIELD_SUBJECT,
	FIELD_TO,
};

/* Most fields of a header are others, whose name has another length. */
static enum field
field_of(struct span name)
{
	static const struct {
		struct span name;
		enum field field;
	} known[] = {
		{ { "Cc", 2 }, FIELD_CC },
		{ { "To", 2 }, FIELD_TO },
		{ { "Date", 4 }, FIELD_DATE },
		{ { "From", 4 }, FIELD_FROM },
		{ { "Subject", 7 }, FIELD_SUBJECT },
		{ { "Message-ID", 10 }, FIELD_MESSAGE_ID },
		{ { "References", 10 }, FIELD_REFERENCES },
		{ { "In-Reply-To", 11 }, FIELD_IN_REPLY_TO },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (name.len == known[i].name.len &&
		    span_equal_case(name, known[i].name))
			return known[i].field;
	return FIELD_OTHER;
}

/* Of date, subject and IDs, the first field of the name. */
static void
field_take(struct sortkeys *k, unsigned wanted, const struct header_field *f,
    struct found *found)
{
	enum field field = field_of(f->name);
	bool again = (found->seen & 1U << field) != 0;

	found->seen |= 1U << field;
	switch (field) {
	case FIELD_FROM:
		address_take_keys(k, wanted, found, SORTKEY_FROM,
		    SORTKEY_DISPLAYFROM, f->value);
		break;
	case FIELD_TO:
		address_take_keys(
		    k, wanted, found, SORTKEY_TO, SORTKEY_DISPLAYTO, f->value);
		break;
	case FIELD_CC:
		address_take_keys(
		    k, wanted, found, SORTKEY_CC, SORTKEY_CC, f->value);
		break;
	case FIELD_DATE:
		if (!again)
			date_take_key(k, f->value);
		break;
	case FIELD_SUBJECT:
		if (!again && (wanted & 1U << SORTKEY_SUBJECT))
			subject_take_key(k, f->value);
		break;
	case FIELD_MESSAGE_ID:
		if (!again && (wanted & 1U << SORTKEY_ID))
			ids_add(&k->text[SORTKEY_ID], f->value, 1);
		break;
	case FIELD_REFERENCES:
		if (!again && (wanted & 1U << SORTKEY_REFERENCES))
			ids_add(
			    &k->text[SORTKEY_REFERENCES], f->value, SIZE_MAX);
		break;
	case FIELD_IN_REPLY_TO:
		if (!again)
			found->in_reply_to = f->value;
		break;
	case FIELD_OTHER:
		break;
	}
}

void
sortkeys_init(struct sortkeys *k)
{
	*k = (struct sortkeys){ .dated = false };
	for (enum sortkey i = 0; i < SORTKEYS; i++)
		str_init(&k->text[i]);
}

void
sortkeys_take(struct sortkeys *k, unsigned wanted, struct span header)
{
	struct found found = { .in_reply_to = { NULL, 0 } };
	struct str *references = &k->text[SORTKEY_REFERENCES];
	struct header_field f;

	for (enum sortkey i = 0; i < SORTKEYS; i++)
		str_clear(&k->text[i]);
	k->dated = k->reply = false;
	k->sent = 0;
	while (header_next(&header, &f))
		field_take(k, wanted, &f, &found);
	if (!(wanted & 1U << SORTKEY_REFERENCES))
		return;
	if (references->len == 0)
		ids_add(references, found.in_reply_to, 1);
	ids_keep_last(references, SORTKEY_REFERENCES_MAX);
}

void
sortkeys_free(struct sortkeys *k)
{
	for (enum sortkey i = 0; i < SORTKEYS; i++)
		str_free(&k->text[i]);
}
