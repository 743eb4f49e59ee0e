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

static bool
value_has(struct matcher *m, struct span value, struct span text)
{
	str_clear(&m->decoded);
	str_clear(&m->folded);
	word_decode(&m->decoded, value);
	fold_add(&m->folded, str_span(&m->decoded));
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

/* Names and values of all fields. */
static bool
fields_have(struct matcher *m, struct span header, struct span text)
{
	struct header_field field;

	while (header_next(&header, &field))
		if (value_has(m, field.whole, text))
			return true;
	return false;
}

/* Text of an unknown character set is taken as UTF-8, or else as the most common
 * one. fold_add() replaces what is malformed as charset_decode() would. */
static void
body_fold(struct matcher *m, struct span charset, struct span body)
{
	str_clear(&m->decoded);
	if (!charset_is_utf8(charset)) {
		if (charset_decode(&m->decoded, charset, body))
			body = str_span(&m->decoded);
		else if (!span_is_utf8(body)) {
			charset_decode(&m->decoded, SPAN("iso-8859-1"), body);
			body = str_span(&m->decoded);
		}
	}
	fold_add(&m->folded, body);
}

static bool
leaf_has(struct matcher *m, const struct part *p, struct span text)
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
	return folded_has(m, text);
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

bool
match_body(struct matcher *m, struct span text)
{
	const struct part *p = content_mime(&m->content, &m->arena);

	if (text.len == 0)
		return true;
	for (; p != NULL; p = part_after(p)) {
		/* The header of an embedded message counts as text of this
		 * one. */
		if (p->parent != NULL && p->parent->kind == PART_MESSAGE &&
		    fields_have(m, p->header, text))
			return true;
		if (p->kind == PART_LEAF && leaf_has(m, p, text))
			return true;
	}
	return false;
}

bool
match_text(struct matcher *m, struct span text)
{
	size_t header = header_size(m->content.bytes);

	return text.len == 0 ||
	    fields_have(m, span_head(m->content.bytes, header), text) ||
	    match_body(m, text);
}
