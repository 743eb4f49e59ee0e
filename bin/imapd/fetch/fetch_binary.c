/* BINARY[part]<partial> and BINARY.SIZE[part] (RFC 3516, RFC 9051 6.4.5): the
 * body of a part without its Content-Transfer-Encoding. */
#include "fetch/fetch.h"
#include "mail/crlf.h"
#include "mail/decode.h"

/* RFC 2045 6: the encodings that decode to themselves. */
static bool
is_identity(struct span encoding)
{
	return encoding.len == 0 || span_equal_case(encoding, SPAN("7bit")) ||
	    span_equal_case(encoding, SPAN("8bit")) ||
	    span_equal_case(encoding, SPAN("binary"));
}

static const struct part *
part_of(const struct item *item, struct content *c, struct arena *a)
{
	return mime_find(
	    content_mime(c, a), item->section.part, item->section.depth);
}

bool
binary_is_known(const struct item *item, struct content *c, struct arena *a)
{
	const struct part *p = part_of(item, c, a);

	return p == NULL || item->section.depth == 0 || p->kind != PART_LEAF ||
	    is_identity(p->encoding) ||
	    encoding_of(p->encoding) != ENCODING_NONE;
}

/* As it was sent, each line with CRLF. */
static void
wire_add(struct str *out, struct span text)
{
	char last = '\0', c;

	str_reserve(out, text.len + text.len / 16);
	while (span_take_byte(&text, &c)) {
		if (c == '\n' && last != '\r')
			str_add_byte(out, '\r');
		str_add_byte(out, c);
		last = c;
	}
}

/* Append the decoded bytes; false: there is no such part. */
static bool
decoded_add(struct str *out, const struct item *item, struct content *c,
    struct arena *a)
{
	const struct part *p = part_of(item, c, a);
	struct str wire = STR_INIT;
	enum encoding e;

	if (p == NULL)
		return false;
	if (item->section.depth == 0) {
		wire_add(out, c->bytes);
		return true;
	}
	e = p->kind == PART_LEAF ? encoding_of(p->encoding) : ENCODING_NONE;
	switch (e) {
	case ENCODING_NONE:
		wire_add(out, p->body);
		break;
	case ENCODING_BASE64:
		decode_base64(out, p->body);
		break;
	case ENCODING_QUOTED:
		wire_add(&wire, p->body);
		decode_quoted(out, str_span(&wire));
		break;
	}
	str_free(&wire);
	return true;
}

void
binary_put(struct session *s, const struct item *item, struct content *c,
    struct arena *a)
{
	const struct section *x = &item->section;
	struct str decoded = STR_INIT;
	struct span text;

	io_put(&s->io, item->label);
	if (!decoded_add(&decoded, item, c, a)) {
		io_put_text(
		    &s->io, item->kind == ITEM_BINARY_SIZE ? " 0" : " NIL");
		return;
	}
	text = str_span(&decoded);
	if (item->kind == ITEM_BINARY_SIZE) {
		io_putf(&s->io, " %zu", text.len);
		str_free(&decoded);
		return;
	}
	if (x->partial)
		text = span_head(
		    span_from(text, x->from < text.len ? x->from : text.len),
		    x->count < text.len ? x->count : text.len);
	if (text.len == 0) {
		io_put_text(&s->io, " \"\"");
	} else {
		/* RFC 3516 4.2: a literal8 where there is a NUL. */
		io_putf(&s->io, " %s{%zu}\r\n",
		    span_find(text, '\0') < text.len ? "~" : "", text.len);
		io_put(&s->io, text);
	}
	str_free(&decoded);
}
