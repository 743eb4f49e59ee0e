#include "message.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/header.h"

enum { HEADER_MAX = 1 << 20 /* looked through for TLS-Required */ };

void
message_init(struct message *m)
{
	*m = (struct message){ .fd = -1, .chunk = STR_INIT, .other = STR_INIT };
}

void
message_free(struct message *m)
{
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

/* Up to and with one LF, or all there is. */
static struct span
line_look(struct message_look *l, struct span *rest)
{
	size_t n = span_find(*rest, '\n');
	bool ends = n < rest->len;
	struct span piece = span_head(*rest, ends ? n + 1 : n);
	bool cr = n > 0 ? rest->at[n - 1] == '\r' : l->last == '\r';

	l->line += n;
	if (l->in_body && l->line - (ends && cr) > MESSAGE_LINE_MAX)
		l->facts->long_lines = true;
	l->facts->wire += piece.len + (ends && !cr);
	if (!l->in_body) {
		l->facts->eight_header |= has_eight(piece);
		l->facts->header += piece.len;
		l->in_body = ends && l->line - cr == 0;
	}
	if (ends)
		l->line = 0;
	l->last = piece.at[piece.len - 1];
	*rest = span_from(*rest, piece.len);
	return piece;
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
	if (l->last == '\r')
		l->facts->bare = true;
	/* The last line gets the end that it lacks. */
	if (l->last != '\n' && l->facts->wire > 0)
		l->facts->wire += 2;
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
	r = read_part(m->fd, m->offset, size, &header);
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

int
message_open(struct message *m, int fd, uint64_t offset, uint64_t size)
{
	m->fd = fd;
	m->offset = offset;
	m->size = size;
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
		if (read_part(m->fd, m->offset + at, want, &m->chunk) < 0)
			return -1;
	}
	*bytes_r = span_from(str_span(&m->chunk), at - m->chunk_at);
	return 0;
}

int
message_whole(struct message *m, struct str *text)
{
	if (!m->converted)
		return read_part(m->fd, m->offset, m->size, text);
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
