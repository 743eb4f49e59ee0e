#include "trust/canon.h"

#include <string.h>

#include "trust/tags.h"

static void
field_simple(struct span whole, struct str *out)
{
	struct span line;

	while (span_line(&whole, &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		str_add(out, line);
		str_add(out, SPAN("\r\n"));
	}
}

/* White space becomes one space, and goes at both ends. */
static void
words_add(struct span value, struct str *out)
{
	bool space = false;

	value = space_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		if (byte_is_space(value.at[i])) {
			space = true;
			continue;
		}
		if (space)
			str_add_byte(out, ' ');
		space = false;
		str_add_byte(out, value.at[i]);
	}
}

/* RFC 6376 3.4.2. */
static void
field_relaxed(struct span whole, struct str *out)
{
	size_t colon = span_find(whole, ':'), from = out->len;

	str_add(out, space_trim(span_head(whole, colon)));
	str_lower(out, from);
	str_add_byte(out, ':');
	words_add(span_from(whole, colon + 1), out);
	str_add(out, SPAN("\r\n"));
}

void
canon_field(enum canon c, struct span whole, struct str *out)
{
	if (c == CANON_SIMPLE)
		field_simple(whole, out);
	else
		field_relaxed(whole, out);
}

/* Where the value of b= begins and ends, white space included; false: there is
 * none. */
static bool
value_find(struct span whole, size_t *from_r, size_t *to_r)
{
	size_t at = span_find(whole, ':') + 1;

	while (at <= whole.len) {
		struct span tag = span_from(whole, at);
		size_t end = at + span_find(tag, ';');
		size_t equals = span_find(span_head(tag, end - at), '=');

		if (equals < end - at &&
		    span_equal(space_trim(span_head(tag, equals)), SPAN("b"))) {
			*from_r = at + equals + 1;
			*to_r = end;
			return true;
		}
		at = end + 1;
	}
	return false;
}

void
canon_signature(enum canon c, struct span whole, struct str *out)
{
	struct str bare = STR_INIT;
	size_t from, to;

	if (value_find(whole, &from, &to)) {
		str_add(&bare, span_head(whole, from));
		str_add(&bare, span_from(whole, to));
	} else
		str_add(&bare, whole);
	canon_field(c, str_span(&bare), out);
	/* The value may have been all that was left before the line's end. */
	while (out->len >= 2 && memcmp(out->at + out->len - 2, "\r\n", 2) == 0)
		str_cut(out, out->len - 2);
	str_free(&bare);
}

void
body_init(struct body *b, enum canon c)
{
	*b = (struct body){ .canon = c };
	sha256_init(&b->sha);
}

bool
body_want(struct body *b, uint64_t len)
{
	size_t at = 0;

	while (at < b->count && b->lengths[at].len < len)
		at++;
	if (at < b->count && b->lengths[at].len == len)
		return true;
	if (b->count == BODY_LENGTHS_MAX)
		return false;
	memmove(&b->lengths[at + 1], &b->lengths[at],
	    (b->count - at) * sizeof b->lengths[0]);
	b->lengths[at] = (struct body_length){ .len = len };
	b->count++;
	return true;
}

static void
length_end(struct body *b)
{
	struct sha256_ctx copy = b->sha;

	sha256_digest(&copy, SHA256_DIGEST_SIZE, b->lengths[b->done++].digest);
}

/* Hash canonical bytes, stopping at each length that was asked for. */
static void
put(struct body *b, struct span bytes)
{
	while (b->done < b->count) {
		uint64_t left = b->lengths[b->done].len - b->size;

		if (left > bytes.len)
			break;
		sha256_update(
		    &b->sha, (size_t)left, (const unsigned char *)bytes.at);
		b->size += left;
		bytes = span_from(bytes, (size_t)left);
		length_end(b);
	}
	sha256_update(&b->sha, bytes.len, (const unsigned char *)bytes.at);
	b->size += bytes.len;
}

/* The empty lines were not the last. */
static void
lines_put(struct body *b)
{
	static const char lines[] = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
	const uint64_t most = (sizeof lines - 1) / 2;

	while (b->empty_lines > 0) {
		uint64_t n = b->empty_lines < most ? b->empty_lines : most;

		put(b, (struct span){ lines, (size_t)n * 2 });
		b->empty_lines -= n;
	}
}

/* Bytes of a line, which has now something. */
static void
text_put(struct body *b, struct span bytes)
{
	lines_put(b);
	if (b->blank)
		put(b, SPAN(" "));
	b->blank = false;
	b->line = true;
	put(b, bytes);
}

static void
line_end(struct body *b)
{
	if (b->line)
		put(b, SPAN("\r\n"));
	else
		b->empty_lines++;
	b->line = b->blank = false;
}

static bool
is_plain(const struct body *b, char c)
{
	return c != '\n' && c != '\r' &&
	    (b->canon == CANON_SIMPLE || !byte_is_blank(c));
}

void
body_add(struct body *b, struct span bytes)
{
	size_t n;

	while (bytes.len > 0) {
		char c = bytes.at[0];

		/* A CR that no LF follows is a byte like others. */
		if (b->cr && c != '\n')
			text_put(b, SPAN("\r"));
		b->cr = c == '\r';
		for (n = 0; n < bytes.len && is_plain(b, bytes.at[n]); n++)
			;
		if (n > 0)
			text_put(b, span_head(bytes, n));
		else {
			n = 1;
			if (c == '\n')
				line_end(b);
			else if (c != '\r')
				b->blank = true;
		}
		bytes = span_from(bytes, n);
	}
}

void
body_end(struct body *b)
{
	if (b->cr)
		text_put(b, SPAN("\r"));
	/* RFC 6376 3.4.3, 3.4.4: the last line gets its end. A body without
	 * lines is one empty line if simple, nothing if relaxed. */
	if (b->line)
		line_end(b);
	if (b->size == 0 && b->canon == CANON_SIMPLE)
		put(b, SPAN("\r\n"));
	while (b->done < b->count)
		length_end(b);
}

const unsigned char *
body_digest(const struct body *b, uint64_t len)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->lengths[i].len == len)
			return b->lengths[i].digest;
	return NULL;
}
