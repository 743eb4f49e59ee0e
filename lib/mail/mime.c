#include "mail/mime.h"

#include <string.h>

#include "mail/crlf.h"
#include "mail/decode.h"
#include "mail/header.h"

struct open {
	struct span boundary;
	struct part *multipart;
};

struct mime {
	struct arena *arena;
	const char *start;
	struct span rest;      /* not looked at yet */
	const char *counted;   /* start of the uncounted bytes */
	struct line_ends ends; /* these */
	struct part *current;
	struct open open[MIME_DEPTH]; /* the open multiparts */
	size_t depth;
	size_t parts;
};

struct delimiter {
	size_t level;
	bool last;
	const char *line;
};

static void
count_to(struct mime *m, const char *to)
{
	char before = m->counted == m->start ? '\n' : m->counted[-1];

	line_ends_add(&m->ends, before,
	    (struct span){ m->counted, (size_t)(to - m->counted) });
	m->counted = to;
}

/* RFC 2046 5.1.1: "--", the boundary, "--" behind the last part, blanks. */
static bool
delimiter_match(const struct mime *m, struct span line, struct delimiter *d_r)
{
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	line = span_from(span_trim(line), 2);
	for (size_t i = m->depth; i-- > 0;) {
		struct span b = m->open[i].boundary;
		bool last = line.len == b.len + 2;

		/* Most lines differ in length, so comparing is cheap. */
		if ((!last && line.len != b.len) || !span_starts(line, b) ||
		    (last && !span_equal(span_from(line, b.len), SPAN("--"))))
			continue;
		d_r->level = i;
		d_r->last = last;
		return true;
	}
	return false;
}

/* Is the first line of rest a delimiter? */
static bool
delimiter_here(const struct mime *m, struct span rest, struct delimiter *d_r)
{
	d_r->line = rest.at;
	return m->depth > 0 && span_starts(rest, SPAN("--")) &&
	    delimiter_match(m, span_head(rest, span_find(rest, '\n')), d_r);
}

/* Skip past the line of the next delimiter of any open multipart. */
static bool
delimiter_next(struct mime *m, struct delimiter *d_r)
{
	if (m->depth == 0)
		m->rest = span_from(m->rest, m->rest.len);
	while (m->rest.len > 0) {
		bool found = delimiter_here(m, m->rest, d_r);

		m->rest = span_from(m->rest, span_find(m->rest, '\n') + 1);
		if (found)
			return true;
	}
	return false;
}

static const struct media media_text = { { "text", 4 }, { "plain", 5 },
	{ "; charset=us-ascii", 18 } };
static const struct media media_message = { { "message", 7 }, { "rfc822", 6 },
	{ "", 0 } };
static const struct media media_bytes = { { "application", 11 },
	{ "octet-stream", 12 }, { "", 0 } };

/* RFC 2045 5.2, and RFC 2046 5.1.5: the default type in a digest. */
static void
media_set(struct part *p)
{
	const struct part *parent = p->parent;

	if (p->type.at == NULL && parent != NULL &&
	    parent->kind == PART_MULTIPART &&
	    span_equal_case(parent->media.subtype, SPAN("digest")))
		p->media = media_message;
	else if (p->type.at == NULL || !media_read(p->type, &p->media))
		p->media = media_text;
}

static void
multipart_set(struct mime *m, struct part *p)
{
	struct str boundary = STR_INIT;
	struct span b;

	param_get(p->media.params, "boundary", &boundary);
	b = span_trim(str_span(&boundary));
	if (b.len > 0 && b.len <= MIME_BOUNDARY) {
		p->kind = PART_MULTIPART;
		m->open[m->depth++] = (struct open){ arena_copy(m->arena, b),
			p };
	} else {
		p->media = media_text;
	}
	str_free(&boundary);
}

/* The type decides what follows the header. */
static void
kind_set(struct mime *m, struct part *p)
{
	bool is_multipart = media_is(&p->media, "multipart");
	bool is_message = media_is(&p->media, "message") &&
	    (span_equal_case(p->media.subtype, SPAN("rfc822")) ||
		span_equal_case(p->media.subtype, SPAN("global")));

	if (!is_multipart && !is_message)
		return;
	if (p->depth >= MIME_DEPTH || m->parts >= MIME_PARTS ||
	    m->depth >= MIME_DEPTH)
		p->media = media_bytes;
	else if (is_message)
		p->kind = PART_MESSAGE;
	else
		multipart_set(m, p);
}

/* RFC 2046 5.1.1: the line end before a delimiter belongs to it. */
static const char *
before_delimiter(const struct mime *m, const char *line)
{
	if (line > m->start && line[-1] == '\n')
		line--;
	if (line > m->start && line[-1] == '\r')
		line--;
	return line > m->counted ? line : m->counted;
}

/* The present position, as the end of a part: excludes a following
 * delimiter. */
static const char *
here(const struct mime *m)
{
	struct delimiter d;

	return delimiter_here(m, m->rest, &d) ? before_delimiter(m, m->rest.at)
					      : m->rest.at;
}

static void
field_note(struct part *p, const struct header_field *f)
{
	if (p->type.at == NULL && header_is(f, "Content-Type"))
		p->type = f->value;
	else if (p->encoding.at == NULL &&
	    header_is(f, "Content-Transfer-Encoding"))
		p->encoding = encoding_word(f->value);
}

static void
header_read(struct mime *m, struct part *p)
{
	const char *start = here(m);
	struct header_field field;
	struct delimiter d;

	/* A delimiter ends a header that has no empty line. */
	while (!delimiter_here(m, m->rest, &d) && header_next(&m->rest, &field))
		if (m->rest.at <= start + MIME_HEADER)
			field_note(p, &field);
	p->header = (struct span){ start, (size_t)(here(m) - start) };
}

static void
part_open(struct mime *m, struct part *parent)
{
	struct part *p = arena_new(m->arena, sizeof *p);

	p->parent = parent;
	if (parent != NULL) {
		p->depth = parent->depth + 1;
		if (parent->last == NULL)
			parent->first = p;
		else
			parent->last->next = p;
		parent->last = p;
	}
	m->current = p;
	m->parts++;
	header_read(m, p);
	p->body = (struct span){ p->header.at + p->header.len, 0 };
	count_to(m, p->body.at);
	/* Until the part is closed these count the bytes before it. */
	p->lines = m->ends.all;
	p->octets = m->ends.bare;
	media_set(p);
	kind_set(m, p);
	if (m->parts >= MIME_PARTS)
		m->depth = 0;
}

static void
part_close(struct mime *m, struct part *p, const char *end)
{
	count_to(m, end);
	p->body.len = (size_t)(end - p->body.at);
	p->lines = m->ends.all - p->lines;
	p->octets = p->body.len + m->ends.bare - p->octets;
	if (p->kind == PART_MULTIPART && p->first == NULL) {
		p->kind = PART_LEAF;
		p->media = media_text;
	}
}

struct part *
mime_parse(struct arena *a, struct span text)
{
	struct mime m = {
		.arena = a, .start = text.at, .rest = text, .counted = text.at
	};
	struct delimiter d;
	struct part *root;

	part_open(&m, NULL);
	root = m.current;
	for (;;) {
		struct part *multipart;

		if (m.current->kind == PART_MESSAGE &&
		    m.current->first == NULL) {
			part_open(&m, m.current);
			continue;
		}
		if (!delimiter_next(&m, &d))
			break;
		multipart = m.open[d.level].multipart;
		for (struct part *p = m.current; p != multipart; p = p->parent)
			part_close(&m, p, before_delimiter(&m, d.line));
		count_to(&m, m.rest.at);
		m.depth = d.last ? d.level : d.level + 1;
		m.current = multipart;
		if (!d.last)
			part_open(&m, multipart);
	}
	for (struct part *p = m.current; p != NULL; p = p->parent)
		part_close(&m, p, m.rest.at);
	return root;
}

const struct part *
mime_message(const struct part *p)
{
	if (p->parent == NULL || p->parent->kind == PART_MESSAGE)
		return p;
	return p->kind == PART_MESSAGE ? p->first : NULL;
}

const struct part *
mime_find(const struct part *message, const uint32_t *numbers, size_t count)
{
	const struct part *p = message;
	bool whole = true; /* p is a message, not yet a part */

	for (size_t i = 0; i < count && p != NULL; i++) {
		uint32_t n = numbers[i];

		if (!whole && p->kind == PART_MESSAGE) {
			p = p->first;
			whole = true;
		}
		if (p->kind == PART_MULTIPART) {
			for (p = p->first; p != NULL && n > 1; n--)
				p = p->next;
		} else if (!whole || n != 1) {
			return NULL;
		}
		whole = false;
	}
	return p;
}
