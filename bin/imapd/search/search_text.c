/* Search a message's text as a reader sees it: encoded words and bodies decoded,
 * in case-folded UTF-8. */
#include <string.h>

#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "mail/word.h"
#include "search/search.h"

static bool
folded_has(const struct matcher *m, struct span text)
{
	return text.len == 0 ||
	    memmem(m->folded.at, m->folded.len, text.at, text.len) != NULL;
}

static void
value_fold(struct matcher *m, struct span value)
{
	str_clear(&m->decoded);
	str_clear(&m->folded);
	word_decode(&m->decoded, value);
	fold_add(&m->folded, str_span(&m->decoded));
}

static bool
value_has(struct matcher *m, struct span value, struct span text)
{
	value_fold(m, value);
	return folded_has(m, text);
}

bool
match_header(struct matcher *m, struct span name, struct span text)
{
	struct span rest = m->content.bytes;
	struct header_field field;

	while (header_next(&rest, &field))
		if (span_equal_case(field.name, name) &&
		    value_has(m, field.value, text))
			return true;
	return false;
}

bool
match_fields(struct matcher *m, struct span fields, struct span name,
    struct span text, bool *found_r)
{
	struct header_field field;
	struct kept_rest rest;

	if (!kept_fields_begin(fields, name, &rest))
		return false;
	*found_r = false;
	while (!*found_r && kept_fields_next(&rest, &field))
		*found_r = value_has(m, field.value, text);
	return true;
}

/* RFC 3501 6.4.4: FROM and the like search the envelope, where an address has no
 * comments and blanks. */
bool
match_address(struct matcher *m, struct span name, struct span text)
{
	struct span rest = m->content.bytes, behind;
	struct str address = STR_INIT;
	struct header_field field;
	bool found = match_header(m, name, text);

	while (!found && header_next(&rest, &field))
		while (!found && span_equal_case(field.name, name) &&
		    mailboxes_next(&field.value, &address, &behind))
			found = value_has(m, str_span(&address), text);
	str_free(&address);
	return found;
}

/* Text of an unknown character set is taken as UTF-8, or else as the most common
 * one. What is malformed becomes what charset_decode() makes of it. */
static void
body_fold(struct matcher *m, struct span charset, struct span body)
{
	uint16_t high[128];

	if (!charset_known(charset))
		charset = span_is_utf8(body) ? SPAN("utf-8")
					     : SPAN("iso-8859-1");
	if (charset_is_utf8(charset)) {
		fold_add(&m->folded, body);
	} else if (charset_high(charset, high)) {
		fold_bytes_add(&m->folded, body, high);
	} else {
		str_clear(&m->decoded);
		charset_decode(&m->decoded, charset, body);
		fold_add(&m->folded, str_span(&m->decoded));
	}
}

/* False: it is no text. */
static bool
leaf_fold(struct matcher *m, const struct part *p)
{
	const struct media *media = &p->media;
	enum encoding encoding = encoding_of(p->encoding);
	struct span body = p->body;
	struct str charset = STR_INIT;

	/* message/delivery-status and the like are lines of text too. */
	if (!media_is(media, "text") && !media_is(media, "message"))
		return false;
	param_get(media->params, "charset", &charset);
	str_clear(&m->raw);
	str_clear(&m->folded);
	if (encoding != ENCODING_NONE) {
		decode_body(&m->raw, encoding, body);
		body = str_span(&m->raw);
	}
	body_fold(m, str_span(&charset), body);
	str_free(&charset);
	return true;
}

/* The next part in order, without recursion. */
static const struct part *
part_after(const struct part *p)
{
	if (p->first != NULL)
		return p->first;
	while (p != NULL && p->next == NULL)
		p = p->parent;
	return p == NULL ? NULL : p->next;
}

/* What is left of a message's pieces of text: no key is found across two. */
struct pieces {
	struct span fields; /* of a header; each is one, with its name */
	const struct part
	    *part; /* then this one and those after it; NULL: none */
	bool seen; /* this one's header was */
};

/* Fold the next one. */
static bool
piece_next(struct matcher *m, struct pieces *x)
{
	struct header_field field;

	for (;;) {
		const struct part *p = x->part;

		if (header_next(&x->fields, &field)) {
			value_fold(m, field.whole);
			return true;
		}
		if (p == NULL)
			return false;
		/* The header of an embedded message counts as text of this
		 * one. */
		if (!x->seen && p->parent != NULL &&
		    p->parent->kind == PART_MESSAGE) {
			x->seen = true;
			x->fields = p->header;
			continue;
		}
		x->fields = SPAN("");
		x->seen = false;
		x->part = part_after(p);
		if (p->kind == PART_LEAF && leaf_fold(m, p))
			return true;
	}
}

/* all: where it is wanted, the trigrams of each piece. */
static bool
pieces_have(
    struct matcher *m, struct pieces *x, struct span text, struct trigrams *all)
{
	bool found = false;

	while ((!found || all != NULL) && piece_next(m, x)) {
		found = found || folded_has(m, text);
		if (all != NULL)
			trigrams_add(all, str_span(&m->folded));
	}
	return found;
}

bool
match_text(struct matcher *m, const struct key *k, uint32_t at)
{
	struct span message = m->content.bytes;
	struct pieces fields = { span_head(message, header_size(message)), NULL,
		false };
	struct pieces body = { SPAN(""), NULL, false };
	struct hints *h = m->hints;
	bool learn, found = false;

	if (k->text.len == 0)
		return true;
	learn = hints_want(h, at, message.len);
	if (learn || k->kind == KEY_TEXT)
		found = pieces_have(
			    m, &fields, k->text, learn ? &h->fields : NULL) &&
		    k->kind == KEY_TEXT;
	if (learn || !found) {
		body.part = content_mime(&m->content, &m->arena);
		found = pieces_have(
			    m, &body, k->text, learn ? &h->body : NULL) ||
		    found;
	}
	if (learn)
		hints_learn(h, at);
	return found;
}
