#include "message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum { HEADER_MAX = 1 << 20 /* looked through for TLS-Required */ };

void
message_init(struct message *m)
{
	*m = (struct message){
		.fd = -1, .top = STR_INIT, .chunk = STR_INIT, .other = STR_INIT
	};
}

void
message_free(struct message *m)
{
	str_free(&m->top);
	str_free(&m->chunk);
	str_free(&m->other);
}

/* Eight bytes at a time. */
static bool
has_eight(struct span s)
{
	uint64_t all = 0, word;
	size_t i = 0;

	for (; i + sizeof word <= s.len; i += sizeof word) {
		memcpy(&word, s.at + i, sizeof word);
		all |= word;
	}
	for (; i < s.len; i++)
		all |= (unsigned char)s.at[i];
	return (all & 0x8080808080808080U) != 0;
}

static void
look_cr(struct message_look *l, struct span bytes)
{
	const char *end = bytes.at + bytes.len, *at = bytes.at;

	if (bytes.len > 0 && l->last == '\r' && bytes.at[0] != '\n')
		l->facts->bare = true;
	while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		l->facts->odd = true;
		if (++at < end && *at != '\n')
			l->facts->bare = true;
	}
	if (memchr(bytes.at, '\0', bytes.len) != NULL)
		l->facts->bare = true;
}

/* A line of the header, or some of it; the one with which it turns out to have
 * ended is the empty line, or text. */
static void
header_line(struct message_look *l, struct span piece)
{
	uint64_t at = l->header.seen;

	l->in_body = header_scan(&l->header, piece);
	if (l->in_body && l->header.size <= at)
		l->facts->eight_body |= has_eight(piece);
	else
		l->facts->eight_header |= has_eight(piece);
}

/* Up to and with one LF, or all there is. */
static void
line_look(struct message_look *l, struct span *rest)
{
	size_t n = span_find(*rest, '\n');
	bool ends = n < rest->len;
	struct span piece = span_head(*rest, ends ? n + 1 : n);
	bool cr = n > 0 ? rest->at[n - 1] == '\r' : l->last == '\r';

	l->line += n;
	if (l->line - (ends && cr) > MESSAGE_LINE_MAX)
		l->facts->long_lines = true;
	l->facts->wire += piece.len + (ends && !cr);
	if (!l->in_body)
		header_line(l, piece);
	if (ends)
		l->line = 0;
	l->last = piece.at[piece.len - 1];
	*rest = span_from(*rest, piece.len);
}

void
message_look(struct message_look *l, struct span bytes)
{
	struct span rest = bytes;

	if (bytes.len == 0)
		return;
	look_cr(l, bytes);
	while (!l->in_body && rest.len > 0)
		line_look(l, &rest);
	l->facts->eight_body |= has_eight(rest);
	while (rest.len > 0)
		line_look(l, &rest);
}

void
message_look_end(struct message_look *l)
{
	l->facts->header = header_scan_size(&l->header);
	if (l->last == '\r')
		l->facts->bare = true;
	/* The last line gets the end that it lacks. */
	if (l->last != '\n' && l->facts->wire > 0)
		l->facts->wire += 2;
}

/* Append so many bytes from at on, first those of top. */
static int
bytes_add(const struct message *m, uint64_t at, uint64_t count, struct str *out)
{
	if (at < m->top.len) {
		struct span top = span_head(
		    span_from(str_span(&m->top), at), count);

		str_add(out, top);
		at += top.len;
		count -= top.len;
	}
	return count == 0
	    ? 0
	    : read_part(m->fd, m->offset + at - m->top.len, count, out);
}

static int
header_look(struct message *m)
{
	uint64_t size = m->facts.header;
	struct str header = STR_INIT;
	int r = 0;

	if (size > HEADER_MAX)
		size = HEADER_MAX;
	if (m->chunk_at == 0 && m->chunk.len >= size) {
		m->facts.tls_optional = header_tls_optional(
		    span_head(str_span(&m->chunk), size));
		return 0;
	}
	r = bytes_add(m, 0, size, &header);
	if (r == 0)
		m->facts.tls_optional = header_tls_optional(str_span(&header));
	str_free(&header);
	return r;
}

static int
look_all(struct message *m)
{
	struct message_look l = { .facts = &m->facts };
	uint64_t at = 0;
	struct span bytes;

	m->facts = (struct message_facts){ 0 };
	for (; at < m->size; at += bytes.len) {
		if (message_read(m, at, &bytes) < 0)
			return -1;
		message_look(&l, bytes);
	}
	message_look_end(&l);
	return 0;
}

/* What begins with a blank would continue our line: it is no header, so be it
 * body. */
static int
top_make(struct message *m, uint64_t size, struct span delivered_to)
{
	struct str first = STR_INIT;
	int r = 0;

	str_clear(&m->top);
	if (delivered_to.len == 0)
		return 0;
	str_add_text(&m->top, "Delivered-To: ");
	str_add(&m->top, delivered_to);
	str_add_byte(&m->top, '\n');
	if (size > 0)
		r = read_part(m->fd, m->offset, 1, &first);
	if (first.len > 0 && byte_is_blank(first.at[0]))
		str_add_byte(&m->top, '\n');
	str_free(&first);
	return r;
}

int
message_open(struct message *m, int fd, uint64_t offset, uint64_t size,
    struct span delivered_to)
{
	m->fd = fd;
	m->offset = offset;
	if (top_make(m, size, delivered_to) < 0)
		return -1;
	m->size = m->top.len + size;
	m->converted = false;
	m->chunk_at = 0;
	str_clear(&m->chunk);
	str_free(&m->other);
	return look_all(m) < 0 ? -1 : header_look(m);
}

int
message_read(struct message *m, uint64_t at, struct span *bytes_r)
{
	uint64_t left = m->size - at;
	size_t want = left < MESSAGE_CHUNK ? left : MESSAGE_CHUNK;

	if (m->converted) {
		*bytes_r = span_head(span_from(str_span(&m->other), at), want);
		return 0;
	}
	/* A small message is read once for all its uses. */
	if (at < m->chunk_at || at >= m->chunk_at + m->chunk.len) {
		str_clear(&m->chunk);
		m->chunk_at = at;
		if (bytes_add(m, at, want, &m->chunk) < 0)
			return -1;
	}
	*bytes_r = span_from(str_span(&m->chunk), at - m->chunk_at);
	return 0;
}

int
message_whole(struct message *m, struct str *text)
{
	if (!m->converted)
		return bytes_add(m, 0, m->size, text);
	str_add(text, str_span(&m->other));
	return 0;
}

void
message_replace(struct message *m)
{
	bool optional = m->facts.tls_optional;

	m->converted = true;
	m->size = m->other.len;
	look_all(m);
	m->facts.tls_optional = optional;
}
