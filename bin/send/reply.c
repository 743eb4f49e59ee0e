#include "reply.h"

#include <string.h>

void
reply_init(struct reply *r)
{
	*r = (struct reply){ .text = STR_INIT, .lines = STR_INIT };
}

void
reply_free(struct reply *r)
{
	str_free(&r->text);
	str_free(&r->lines);
}

void
reply_clear(struct reply *r)
{
	r->code = 0;
	r->status[0] = '\0';
	r->count = 0;
	str_clear(&r->text);
	str_clear(&r->lines);
}

unsigned
reply_class(const struct reply *r)
{
	return r->code / 100;
}

/* RFC 2034 4: class.subject.detail, then a blank or the end. */
static bool
status_take(struct span *rest, struct span *status_r)
{
	struct span at = *rest;
	uint64_t part;

	if (at.len < 2 || at.at[0] < '2' || at.at[0] > '5' || at.at[1] != '.')
		return false;
	at = span_from(at, 2);
	if (!span_number(&at, 999, &part) || !span_take(&at, '.') ||
	    !span_number(&at, 999, &part) ||
	    (at.len > 0 && !byte_is_blank(at.at[0])))
		return false;
	*status_r = span_head(*rest, rest->len - at.len);
	*rest = span_trim(at);
	return true;
}

/* Sanitise foreign bytes for logs and reports: no control bytes, no broken
 * UTF-8. */
static void
text_add(struct str *text, struct span line)
{
	struct span room;
	bool utf8 = span_is_utf8(line);

	if (line.len == 0 || text->len >= REPLY_TEXT_MAX)
		return;
	if (text->len > 0)
		str_add_byte(text, ' ');
	room = span_head(line, REPLY_TEXT_MAX - text->len);
	/* Not in the middle of a character. */
	while (room.len < line.len && room.len > 0 &&
	    ((unsigned char)line.at[room.len] & 0xc0) == 0x80)
		room.len--;
	for (size_t i = 0; i < room.len; i++) {
		char c = room.at[i];
		bool odd = (unsigned char)c > 127 && !utf8;

		str_add_byte(text, byte_is_control(c) ? ' ' : odd ? '?' : c);
	}
}

static bool
code_take(struct span *rest, unsigned *code_r)
{
	unsigned code = 0;

	if (rest->len < 3 || rest->at[0] < '2' || rest->at[0] > '5')
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!byte_is_digit(rest->at[i]))
			return false;
		code = code * 10 + (unsigned)(rest->at[i] - '0');
	}
	*code_r = code;
	*rest = span_from(*rest, 3);
	return true;
}

static void
line_keep(struct reply *r, struct span line)
{
	if (++r->count > REPLY_LINES_MAX)
		return;
	if (r->count > 1)
		str_add_byte(&r->lines, '\n');
	str_add(&r->lines, line);
}

/* RFC 5321 4.2.1: the code, then a blank on the last line, else a hyphen. */
static bool
line_read(struct span *rest, unsigned *code_r, bool *last_r)
{
	struct span line = *rest;

	if (!code_take(&line, code_r))
		return false;
	*last_r = !span_take(&line, '-');
	if (*last_r && line.len > 0 && !span_take(&line, ' '))
		return false;
	*rest = line;
	return true;
}

bool
reply_add(struct reply *r, struct span line, bool *last_r)
{
	struct span rest = line, status;
	unsigned code;

	*last_r = false;
	if (!line_read(&rest, &code, last_r)) {
		if (r->count == 0)
			return false;
		line_keep(r, line);
		text_add(&r->text, span_trim(line));
		return true;
	}
	/* RFC 5321 4.2.1: all lines have one code. If not, the last one counts,
	 * as it ends the reply. */
	r->code = code;
	line_keep(r, rest);
	/* RFC 2034 4: the class must be that of the code. */
	if (status_take(&rest, &status) && status.at[0] == line.at[0] &&
	    status.len < STATUS_MAX) {
		memcpy(r->status, status.at, status.len);
		r->status[status.len] = '\0';
	}
	if (r->status[0] != '\0' && r->status[0] != line.at[0])
		r->status[0] = '\0';
	text_add(&r->text, span_trim(rest));
	return true;
}

enum io_result
reply_read(struct io *io, struct reply *r)
{
	bool last = false;

	reply_clear(r);
	while (!last) {
		struct span line;
		/* Some hosts end lines with LF alone; which is harmless to a
		 * client. */
		enum io_result got = io_record(io, REPLY_LINE_MAX, &line);

		if (got != IO_OK && got != IO_LONG)
			return got;
		if (got == IO_LONG) /* its beginning is available */
			line = span_head(line, IO_LONG_HEAD);
		while (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (!reply_add(r, line, &last))
			return IO_LONG;
	}
	return IO_OK;
}

bool
reply_next(struct span *rest, struct span *line_r)
{
	return span_line(rest, line_r);
}
