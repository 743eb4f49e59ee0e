#include "convert.h"

#include "base/encode.h"
#include "mail/decode.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "mail/quote.h"
#include "message.h"

enum { BASE64_LINE = 57 /* bytes that make 76 characters */ };

struct convert {
	struct span message;
	size_t done; /* bytes of message that are in out, or replaced there */
	bool seven;
	struct str *out;
	const char *why; /* it can't be */
};

/* What is wrong with some bytes. */
struct fault {
	bool eight, bare, longer;
};

static struct fault
fault_find(struct span text)
{
	struct message_facts f = { 0 };
	struct message_look l = { .facts = &f, .in_body = true };

	message_look(&l, text);
	message_look_end(&l);
	return (struct fault){ f.eight_body, f.bare, f.long_lines };
}

/* Up to here the message goes out as it is, but for single bytes that no
 * encoding can carry where they are: in headers, between parts. A CR in a
 * field's value means no more than a blank; anywhere else a blank could make a
 * field of what was none, or have a line go on. */
static void
copy_until(struct convert *c, const char *end, bool eight_too)
{
	const char *at = c->message.at + c->done;
	size_t start = c->out->len, n = (size_t)(end - at);
	bool in_value = false;

	/* The line end before a boundary belongs to it (RFC 2046 5.1.1), and
	 * may have ended the header of a part within: that is further on. */
	if (end <= at)
		return;
	str_add(c->out, (struct span){ at, n });
	c->done += n;
	for (size_t i = start; i < c->out->len; i++) {
		char *b = &c->out->at[i];
		bool first = i == start || b[-1] == '\n';

		in_value = (in_value && !first) || *b == ':' ||
		    (first && byte_is_blank(*b));
		if (*b == '\r' && b[1] != '\n')
			*b = in_value ? ' ' : '?';
		else if (*b == '\0' || (eight_too && (unsigned char)*b > 127))
			*b = '?';
	}
}

static void
skip_to(struct convert *c, const char *at)
{
	c->done = (size_t)(at - c->message.at);
}

/* The header without its empty line and without fields of one name, then ours
 * in their place. */
static void
header_put(struct convert *c, const struct part *p, const char *encoding)
{
	struct span rest = p->header;
	struct header_field f;
	bool version = false;

	while (header_next(&rest, &f)) {
		const char *end = f.whole.at + f.whole.len;

		version |= header_is(&f, "MIME-Version");
		if (header_is(&f, "Content-Transfer-Encoding"))
			skip_to(c, end);
		else
			copy_until(c, end, false);
	}
	skip_to(c, p->body.at);
	if (p->header.len > 0 && c->out->len > 0 &&
	    c->out->at[c->out->len - 1] != '\n')
		str_add_byte(c->out, '\n');
	if (p->parent == NULL && !version)
		str_add_text(c->out, "MIME-Version: 1.0\n");
	/* RFC 1428 4: what the bytes mean is not known. */
	if (p->parent == NULL && p->type.at == NULL)
		str_add_text(
		    c->out, "Content-Type: text/plain; charset=unknown-8bit\n");
	str_addf(c->out, "Content-Transfer-Encoding: %s\n\n", encoding);
}

/* RFC 2045 6.8: lines of text are CRLF-ended in base64. */
static void
base64_put(struct convert *c, struct span body)
{
	struct str canonical = STR_INIT;
	struct span rest;

	for (size_t i = 0; i < body.len; i++) {
		if (body.at[i] == '\n' && (i == 0 || body.at[i - 1] != '\r'))
			str_add_byte(&canonical, '\r');
		str_add_byte(&canonical, body.at[i]);
	}
	rest = str_span(&canonical);
	while (rest.len > 0) {
		base64_encode(c->out, span_head(rest, BASE64_LINE));
		rest = span_from(rest, BASE64_LINE);
		if (rest.len > 0)
			str_add_byte(c->out, '\n');
	}
	str_free(&canonical);
}

/* Content-Transfer-Encoding, trimmed; empty: none. */
static struct span
encoding_find(const struct part *p)
{
	struct header_field f;

	return header_find(p->header, "Content-Transfer-Encoding", &f)
	    ? span_trim(f.value)
	    : SPAN("");
}

static bool
is_identity(struct span encoding)
{
	return encoding.len == 0 || span_equal_case(encoding, SPAN("7bit")) ||
	    span_equal_case(encoding, SPAN("8bit")) ||
	    span_equal_case(encoding, SPAN("binary"));
}

static void
leaf_convert(struct convert *c, const struct part *p, struct fault f)
{
	struct span encoding = encoding_find(p);
	struct media media = mime_media(p);

	if (is_identity(encoding)) {
		/* RFC 2046 5.2.2, 5.2.3: these are 7bit, and nothing else. */
		if (span_equal_case(media.type, SPAN("message")) &&
		    !span_equal_case(media.subtype, SPAN("global"))) {
			c->why = "a part of type message can't be converted";
			return;
		}
		if (span_equal_case(media.type, SPAN("text"))) {
			header_put(c, p, "quoted-printable");
			quoted_encode(c->out, p->body);
		} else {
			header_put(c, p, "base64");
			base64_put(c, p->body);
		}
		skip_to(c, p->body.at + p->body.len);
		return;
	}
	/* Bytes that the encoding never makes: readers skip them (base64), or
	 * take them as they are (quoted-printable). */
	copy_until(c, p->body.at, false);
	if (encoding_of(encoding) == ENCODING_QUOTED && (f.eight || f.bare)) {
		quoted_repair(c->out, p->body);
		skip_to(c, p->body.at + p->body.len);
	} else if (encoding_of(encoding) == ENCODING_BASE64) {
		copy_until(c, p->body.at + p->body.len, c->seven);
	} else if (f.eight || f.bare) {
		c->why = "a part has an encoding that is not known";
	}
}

/* RFC 1847 2.1: what is signed must not change on its way. */
static bool
is_signed(const struct part *p)
{
	struct media m = mime_media(p);

	return p->kind == PART_MULTIPART &&
	    span_equal_case(m.subtype, SPAN("signed"));
}

static bool
is_declared_eight(const struct part *p)
{
	struct span e = encoding_find(p);

	return span_equal_case(e, SPAN("8bit")) ||
	    span_equal_case(e, SPAN("binary"));
}

static void part_convert(struct convert *c, const struct part *p);

/* RFC 2046 5.1.1: a boundary is printable ASCII. Of another one the lines would
 * no longer be its own. */
static bool
is_boundary_sound(const struct part *p)
{
	struct str boundary = STR_INIT;
	bool sound = true;

	if (p->kind == PART_MULTIPART &&
	    param_get(mime_media(p).params, "boundary", &boundary))
		for (size_t i = 0; i < boundary.len; i++)
			sound &= boundary.at[i] >= ' ' && boundary.at[i] <= '~';
	str_free(&boundary);
	return sound;
}

/* What lies between the parts is for nobody to read. */
static void
parts_convert(struct convert *c, const struct part *p)
{
	if (c->seven && is_declared_eight(p))
		header_put(c, p, "7bit");
	else
		copy_until(c, p->body.at, false);
	for (const struct part *q = p->first; q != NULL; q = q->next)
		part_convert(c, q);
	copy_until(c, p->body.at + p->body.len, c->seven);
}

/* Depth is that of the parts: at most MIME_DEPTH. */
static void
part_convert(struct convert *c, const struct part *p)
{
	struct fault f = fault_find(p->body);
	bool broken = (f.eight && c->seven) || f.bare;

	if (c->why != NULL)
		return;
	copy_until(c, p->header.at, c->seven);
	if (is_signed(p) && broken)
		c->why = "a signed part can't be converted";
	/* Rather long lines than a broken signature. */
	else if ((!broken && !f.longer) || is_signed(p))
		copy_until(c, p->body.at + p->body.len, false);
	else if (broken && !is_boundary_sound(p))
		c->why = "a multipart has an impossible boundary";
	else if (p->kind == PART_LEAF)
		leaf_convert(c, p, f);
	else
		parts_convert(c, p);
}

const char *
convert_text(struct span message, bool seven, struct str *out)
{
	struct arena a = ARENA_INIT;
	struct convert c = { .message = message, .seven = seven, .out = out };

	part_convert(&c, mime_parse(&a, message));
	if (c.why == NULL)
		copy_until(&c, message.at + message.len, false);
	arena_free(&a);
	return c.why;
}
