/* What an excerpt has for SEARCH, SORT and THREAD. It depends on the header alone. */
#include <string.h>

#include "fetch/fetch.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "mail/word.h"

/* The fields whose text is kept as it is searched. Addresses are also searched without
 * comments and blanks. A change is another EXCERPT_VERSION, as one of how text is
 * decoded and folded is. */
static const struct {
	struct span name;
	bool is_address;
} texts[] = {
	{ SPAN_INIT("From"), true },
	{ SPAN_INIT("To"), true },
	{ SPAN_INIT("Cc"), true },
	{ SPAN_INIT("Bcc"), true },
	{ SPAN_INIT("Subject"), false },
};
#define TEXT_NONE UINT32_MAX /* the length where there is no such field */

static unsigned
text_of(struct span name)
{
	unsigned i = 0;

	while (i < COUNT(texts) &&
	    (texts[i].name.len != name.len ||
		!span_equal_case(texts[i].name, name)))
		i++;
	return i;
}

/* Texts of one field's name, each ended by a NUL, which no searched text has. */
struct texts_made {
	struct str folded[COUNT(texts)];
	bool there[COUNT(texts)];
	struct str decoded, address, one;
};

static void
text_fold(struct texts_made *t, struct span value)
{
	str_clear(&t->decoded);
	str_clear(&t->one);
	word_decode(&t->decoded, value);
	fold_add(&t->one, str_span(&t->decoded));
}

/* An address that is part of the field's text as it stands is found in that. */
static void
text_take(struct texts_made *t, unsigned i, struct span value)
{
	struct str *out = &t->folded[i];
	size_t from = out->len;
	struct span behind;

	t->there[i] = true;
	text_fold(t, value);
	str_add(out, str_span(&t->one));
	str_add_byte(out, '\0');
	while (texts[i].is_address &&
	    mailboxes_next(&value, &t->address, &behind)) {
		text_fold(t, str_span(&t->address));
		if (memmem(out->at + from, out->len - from, t->one.at,
			t->one.len) != NULL)
			continue;
		str_add(out, str_span(&t->one));
		str_add_byte(out, '\0');
	}
}

void
kept_texts_make(struct str *out, struct span header)
{
	struct texts_made t = {
		.decoded = STR_INIT, .address = STR_INIT, .one = STR_INIT
	};
	struct header_field h;

	for (unsigned i = 0; i < COUNT(texts); i++)
		str_init(&t.folded[i]);
	while (header_next(&header, &h)) {
		unsigned i = text_of(h.name);

		if (i < COUNT(texts))
			text_take(&t, i, h.value);
	}
	for (unsigned i = 0; i < COUNT(texts); i++) {
		uint32_t len = t.there[i] ? (uint32_t)t.folded[i].len
					  : TEXT_NONE;

		str_add(out, (struct span){ (const char *)&len, sizeof len });
	}
	for (unsigned i = 0; i < COUNT(texts); i++) {
		str_add(out, str_span(&t.folded[i]));
		str_free(&t.folded[i]);
	}
	str_free(&t.decoded);
	str_free(&t.address);
	str_free(&t.one);
}

/* That of a field's name; at NULL: there is no such field. False: not kept. */
static bool
text_find(struct span kept, unsigned wanted, struct span *text_r)
{
	uint32_t len[COUNT(texts)];
	struct span rest = span_from(kept, sizeof len);

	if (kept.len < sizeof len)
		return false;
	memcpy(len, kept.at, sizeof len);
	for (unsigned i = 0; i < wanted; i++)
		if (len[i] != TEXT_NONE)
			rest = span_from(rest, len[i]);
	*text_r = (struct span){ NULL, 0 };
	if (len[wanted] != TEXT_NONE)
		*text_r = span_head(rest, len[wanted]);
	return true;
}

bool
kept_texts_search(struct span kept, struct span name, bool address,
    struct span text, bool *found_r)
{
	unsigned i = text_of(name);
	struct span in;

	if (i == COUNT(texts) || texts[i].is_address != address ||
	    span_find(text, '\0') < text.len || !text_find(kept, i, &in))
		return false;
	*found_r = in.at != NULL &&
	    (text.len == 0 || memmem(in.at, in.len, text.at, text.len) != NULL);
	return true;
}

/* The keys of sorting, all of them. */
struct keys_kept {
	int64_t sent;
	uint32_t version;
	uint16_t dated, reply;
	uint32_t len[SORTKEYS];
};

void
kept_keys_make(struct str *out, struct span header)
{
	struct keys_kept kept = { .version = SORTKEY_VERSION };
	struct sortkeys k;

	sortkeys_init(&k);
	sortkeys_take(&k, (1U << SORTKEYS) - 1, header);
	kept.sent = k.sent;
	kept.dated = k.dated;
	kept.reply = k.reply;
	for (unsigned i = 0; i < SORTKEYS; i++)
		kept.len[i] = (uint32_t)k.text[i].len;
	str_add(out, (struct span){ (const char *)&kept, sizeof kept });
	for (unsigned i = 0; i < SORTKEYS; i++)
		str_add(out, str_span(&k.text[i]));
	sortkeys_free(&k);
}

bool
kept_keys_take(struct span bytes, unsigned wanted, struct sortkeys *k)
{
	struct keys_kept kept;

	if (bytes.len < sizeof kept)
		return false;
	memcpy(&kept, bytes.at, sizeof kept);
	if (kept.version != SORTKEY_VERSION)
		return false;
	bytes = span_from(bytes, sizeof kept);
	k->sent = kept.sent;
	k->dated = kept.dated != 0;
	k->reply = kept.reply != 0 && (wanted & 1U << SORTKEY_SUBJECT);
	for (unsigned i = 0; i < SORTKEYS; i++) {
		str_clear(&k->text[i]);
		if (wanted & 1U << i)
			str_add(&k->text[i], span_head(bytes, kept.len[i]));
		bytes = span_from(bytes, kept.len[i]);
	}
	return true;
}
