#include "mail/mime.h"

#include <string.h>

#include "mail/crlf.h"
#include "mail/header.h"

struct open {
	struct span boundary;
	struct part *multipart;
};

struct mime {
	struct arena *arena;
	const char *start;
	struct span rest;      /* not looked at yet */
	const char *counted;   /* everything before is in */
	struct line_ends ends; /* these */
	struct part *current;
	struct open open[MIME_DEPTH]; /* multiparts that we are in */
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
		struct span tail = span_from(line, b.len);

		if (!span_starts(line, b) ||
		    (tail.len != 0 && !span_equal(tail, SPAN("--"))))
			continue;
		d_r->level = i;
		d_r->last = tail.len > 0;
		return true;
	}
	return false;
}

/* Is the line at the front of rest a delimiter? */
static bool
delimiter_here(const struct mime *m, struct span rest, struct delimiter *d_r)
{
	d_r->line = rest.at;
	return m->depth > 0 && span_starts(rest, SPAN("--")) &&
	    delimiter_match(m, span_head(rest, span_find(rest, '\n')), d_r);
}

/* Go to the next delimiter of any multipart we are in, and behind its line. */
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

/* The type decides what follows the header. */
static void
kind_set(struct mime *m, struct part *p)
{
	struct media media = mime_media(p);
	struct str boundary = STR_INIT;

	p->kind = PART_LEAF;
	if (p->depth >= MIME_DEPTH || m->parts >= MIME_PARTS)
		return;
	if (span_equal_case(media.type, SPAN("message")) &&
	    (span_equal_case(media.subtype, SPAN("rfc822")) ||
		span_equal_case(media.subtype, SPAN("global"))))
		p->kind = PART_MESSAGE;
	if (span_equal_case(media.type, SPAN("multipart")) &&
	    param_get(media.params, "boundary", &boundary)) {
		struct span b = span_trim(str_span(&boundary));

		if (b.len > 0 && m->depth < MIME_DEPTH) {
			p->kind = PART_MULTIPART;
			m->open[m->depth++] =
			    (struct open){ arena_copy(m->arena, b), p };
		}
	}
	str_free(&boundary);
}

static void
header_read(struct mime *m, struct part *p)
{
	const char *start = m->rest.at;
	struct header_field field;
	struct delimiter d;

	/* A delimiter ends a header that has no empty line. */
	while (!delimiter_here(m, m->rest, &d) && header_next(&m->rest, &field))
		if (p->type.at == NULL && header_is(&field, "Content-Type"))
			p->type = field.value;
	p->header = (struct span){ start, (size_t)(m->rest.at - start) };
}

static void
part_open(struct mime *m, struct part *parent)
{
	struct part *p = arena_new(m->arena, sizeof *p);

	p->parent = parent;
	if (parent != NULL) {
		p->depth = parent->depth + 1;
		p->in_digest = parent->kind == PART_MULTIPART &&
		    span_equal_case(mime_media(parent).subtype, SPAN("digest"));
		if (parent->last == NULL)
			parent->first = p;
		else
			parent->last->next = p;
		parent->last = p;
	}
	m->current = p;
	m->parts++;
	header_read(m, p);
	count_to(m, m->rest.at);
	p->body = (struct span){ m->rest.at, 0 };
	/* Until the part is closed these hold what went before it. */
	p->lines = m->ends.all;
	p->octets = m->ends.bare;
	kind_set(m, p);
	if (m->parts >= MIME_PARTS)
		m->depth = 0;
}

static void
part_close(struct mime *m, struct part *p, const char *end)
{
	size_t over;

	if (end < p->body.at)
		end = p->body.at;
	if (end > m->counted)
		count_to(m, end);
	/* The line end that ended the header of a message inside may be the
	 * delimiter's: it is counted, and not of this body. */
	over = (size_t)(m->counted - end);
	p->body.len = (size_t)(end - p->body.at);
	p->lines = m->ends.all - p->lines - (over > 0);
	p->octets = p->body.len + m->ends.bare - p->octets - (over == 1);
}

/* RFC 2046 5.1.1: the line end before a delimiter belongs to it. */
static const char *
before_delimiter(const struct mime *m, const char *line)
{
	if (line > m->start && line[-1] == '\n')
		line--;
	if (line > m->start && line[-1] == '\r')
		line--;
	return line;
}

struct part *
mime_parse(struct arena *a, struct span message)
{
	struct mime m = { .arena = a,
		.start = message.at,
		.rest = message,
		.counted = message.at };
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
	bool whole = true; /* p stands for a message, not yet for a part */

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
