#include "convert.h"

#include "base/encode.h"
#include "mail/decode.h"
#include "mail/mime.h"
#include "mail/quote.h"
#include "message.h"

enum { BASE64_LINE = 57 /* bytes that make 76 characters */ };

struct convert {
	struct span message;
	size_t done; /* bytes of message already copied or replaced */
	bool seven;
	struct str *out;
	const char *why; /* why it is impossible */
};

/* Faults of some bytes. */
enum fault { FAULT_EIGHT = 1, FAULT_BARE = 2, FAULT_LONG = 4 };

static unsigned
faults_of(const char *from, const char *to)
{
	struct message_facts f = { 0 };
	struct message_look l = { .facts = &f, .in_body = true };

	message_look(&l, (struct span){ from, (size_t)(to - from) });
	message_look_end(&l);
	return (f.eight_body ? FAULT_EIGHT : 0) | (f.bare ? FAULT_BARE : 0) |
	    (f.long_lines ? FAULT_LONG : 0);
}

/* Record each part's faults, including those of its subparts: each byte is
 * examined once, however deeply nested. */
static void
faults_note(struct part *p)
{
	const char *at = p->body.at;

	for (struct part *q = p->first; q != NULL; q = q->next) {
		faults_note(q);
		p->note |= q->note | faults_of(at, q->body.at);
		at = q->body.at + q->body.len;
	}
	p->note |= faults_of(at, p->body.at + p->body.len);
}

/* Copy the message up to here, replacing single bytes that can't be encoded in
 * their place: in headers, between parts. A CR in a field's value becomes a
 * blank; elsewhere a blank could create a field or continue a line. */
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

/* Where to fold an overlong line; 0: nowhere. */
static size_t
fold_find(struct span text)
{
	size_t last = 0;

	for (size_t i = 1; i < text.len && (i <= MESSAGE_LINE_MAX || last == 0);
	     i++)
		if (byte_is_blank(text.at[i]) && !byte_is_blank(text.at[i - 1]))
			last = i;
	return last;
}

/* Fold only at existing blanks between other text (RFC 5322 2.2.3, 3.2.2). */
static void
line_fold(struct str *out, struct span line)
{
	struct span text = line;
	size_t n = 1;

	while (text.len > 0 && byte_is_space(text.at[text.len - 1]))
		text.len--;
	while (text.len > MESSAGE_LINE_MAX && (n = fold_find(text)) > 0) {
		str_add(out, span_head(text, n));
		str_add_byte(out, '\n');
		text = span_from(text, n);
	}
	str_add(out, text);
	str_add_byte(out, '\n');
}

/* RFC 5322 2.1.1: no line of a header is longer than hosts must take. */
static void
header_fold(struct str *out, size_t from)
{
	struct str folded = STR_INIT;
	struct span rest = span_from(str_span(out), from), line;

	if ((faults_of(rest.at, rest.at + rest.len) & FAULT_LONG) == 0)
		return;
	while (rest.len > 0) {
		line = span_head(rest, span_find(rest, '\n') + 1);
		rest = span_from(rest, line.len);
		if (line.len > MESSAGE_LINE_MAX)
			line_fold(&folded, line);
		else
			str_add(&folded, line);
	}
	str_cut(out, from);
	str_add(out, str_span(&folded));
	str_free(&folded);
}

/* RFC 5322 2.1: write the empty line that ends a header, which may be missing
 * before text; a replaced byte could turn that text into a field. */
static void
header_end(struct convert *c, const struct part *p, size_t from)
{
	struct span header = span_from(str_span(c->out), from);

	if (p->body.len == 0 || span_equal(header, SPAN("\n")) ||
	    (header.len > 1 && header.at[header.len - 1] == '\n' &&
		header.at[header.len - 2] == '\n'))
		return;
	if (header.len > 0 && header.at[header.len - 1] != '\n')
		str_add_byte(c->out, '\n');
	str_add_byte(c->out, '\n');
}

/* The header as it is. */
static void
header_copy(struct convert *c, const struct part *p)
{
	size_t start = c->out->len;

	copy_until(c, p->body.at, false);
	header_fold(c->out, start);
	header_end(c, p, start);
}

/* The header without its empty line and without the fields that are replaced,
 * then those; type may be NULL. */
static void
header_put(struct convert *c, const struct part *p, const char *encoding,
    const char *type)
{
	struct span rest = p->header;
	struct header_field f;
	size_t start = c->out->len;
	bool version = false;

	while (header_next(&rest, &f)) {
		const char *end = f.whole.at + f.whole.len;

		version |= header_is(&f, "MIME-Version");
		if (header_is(&f, "Content-Transfer-Encoding") ||
		    (type != NULL && header_is(&f, "Content-Type")))
			skip_to(c, end);
		else
			copy_until(c, end, false);
	}
	skip_to(c, p->body.at);
	header_fold(c->out, start);
	if (c->out->len > start && c->out->at[c->out->len - 1] != '\n')
		str_add_byte(c->out, '\n');
	if (p->parent == NULL && !version)
		str_add_text(c->out, "MIME-Version: 1.0\n");
	if (type != NULL)
		str_addf(c->out, "Content-Type: %s\n", type);
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

static bool
is_identity(struct span encoding)
{
	return encoding.len == 0 || span_equal_case(encoding, SPAN("7bit")) ||
	    span_equal_case(encoding, SPAN("8bit")) ||
	    span_equal_case(encoding, SPAN("binary"));
}

/* RFC 2045 6.4: a multipart, and a message (RFC 2046 5.2.2, 5.2.3; but not
 * RFC 6532 3.7's), is 7bit, and nothing else. */
static bool
is_composite(const struct media *said)
{
	return media_is(said, "multipart") ||
	    (media_is(said, "message") &&
		!span_equal_case(said->subtype, SPAN("global")));
}

static void
leaf_encode(struct convert *c, const struct part *p)
{
	/* RFC 1428 4: the character set is unknown. */
	static const char unknown[] = "text/plain; charset=unknown-8bit";
	struct media said;
	bool valid = p->type.at != NULL && media_read(p->type, &said);
	bool text = media_is(&p->media, "text");

	if (valid && is_composite(&said) && !text) {
		c->why = media_is(&said, "message")
		    ? "a part of type message can't be converted"
		    : "there are too many multiparts in multiparts";
	} else if (text) {
		/* Label a multipart without parts as the text it is. */
		header_put(c, p, "quoted-printable",
		    (valid && is_composite(&said)) ||
			    (p->parent == NULL && p->type.at == NULL)
			? unknown
			: NULL);
		quoted_encode(c->out, p->body);
	} else {
		header_put(c, p, "base64", NULL);
		base64_put(c, p->body);
	}
	skip_to(c, p->body.at + p->body.len);
}

static void
leaf_convert(struct convert *c, const struct part *p)
{
	if (is_identity(p->encoding)) {
		leaf_encode(c, p);
		return;
	}
	/* Bytes invalid in the encoding: readers ignore them (base64), or take
	 * them literally (quoted-printable). */
	header_copy(c, p);
	if (encoding_of(p->encoding) == ENCODING_BASE64) {
		copy_until(c, p->body.at + p->body.len, c->seven);
	} else if ((p->note & (FAULT_EIGHT | FAULT_BARE)) == 0) {
		return;
	} else if (encoding_of(p->encoding) == ENCODING_QUOTED) {
		quoted_repair(c->out, p->body);
		skip_to(c, p->body.at + p->body.len);
	} else {
		c->why = "a part has an encoding that is not known";
	}
}

/* RFC 1847 2.1: what is signed must not change on its way. */
static bool
is_signed(const struct part *p)
{
	return p->kind == PART_MULTIPART &&
	    span_equal_case(p->media.subtype, SPAN("signed"));
}

static bool
is_declared_eight(const struct part *p)
{
	return span_equal_case(p->encoding, SPAN("8bit")) ||
	    span_equal_case(p->encoding, SPAN("binary"));
}

static void part_convert(struct convert *c, const struct part *p);

/* RFC 2046 5.1.1: a boundary is printable ASCII. Any other would be changed,
 * and no longer match its lines. */
static bool
is_boundary_sound(const struct part *p)
{
	struct str boundary = STR_INIT;
	bool sound = true;

	if (p->kind == PART_MULTIPART &&
	    param_get(p->media.params, "boundary", &boundary))
		for (size_t i = 0; i < boundary.len; i++)
			sound &= boundary.at[i] >= ' ' && boundary.at[i] <= '~';
	str_free(&boundary);
	return sound;
}

/* Text between the parts is not displayed. */
static void
parts_convert(struct convert *c, const struct part *p)
{
	if (c->seven && is_declared_eight(p))
		header_put(c, p, "7bit", NULL);
	else
		header_copy(c, p);
	for (const struct part *q = p->first; q != NULL; q = q->next)
		part_convert(c, q);
	copy_until(c, p->body.at + p->body.len, c->seven);
}

/* Depth is that of the parts: at most MIME_DEPTH. */
static void
part_convert(struct convert *c, const struct part *p)
{
	bool broken = ((p->note & FAULT_EIGHT) != 0 && c->seven) ||
	    (p->note & FAULT_BARE) != 0;

	if (c->why != NULL)
		return;
	copy_until(c, p->header.at, c->seven);
	if (is_signed(p) && broken)
		c->why = "a signed part can't be converted";
	/* Long lines are better than a broken signature. */
	else if ((!broken && (p->note & FAULT_LONG) == 0) || is_signed(p)) {
		header_copy(c, p);
		copy_until(c, p->body.at + p->body.len, false);
	} else if (broken && !is_boundary_sound(p))
		c->why = "a multipart has an impossible boundary";
	else if (p->kind == PART_LEAF)
		leaf_convert(c, p);
	else
		parts_convert(c, p);
}

const char *
convert_text(struct span message, bool seven, struct str *out)
{
	struct arena a = ARENA_INIT;
	struct convert c = { .message = message, .seven = seven, .out = out };
	struct part *root = mime_parse(&a, message);

	faults_note(root);
	part_convert(&c, root);
	if (c.why == NULL)
		copy_until(&c, message.at + message.len, false);
	arena_free(&a);
	return c.why;
}
