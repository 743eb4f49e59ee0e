#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/log.h"
#include "command.h"

enum {
	LINE_MAX_LEN = 512, /* RFC 2449 4 asks for 255 */
	IDLE_MIN_S = 600,   /* RFC 1939 3: at least ten minutes */
	TEXT_MAX = 400,
};

void
reply_ok(struct session *s, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	s->errors = 0;
	io_putf(&s->io, "+OK %s\r\n", text);
}

void
reply_error(struct session *s, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	s->errors++;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	io_putf(&s->io, "-ERR %s\r\n", text);
}

void
reply_gone(struct session *s, uint32_t at)
{
	io_putf(&s->io, "-ERR message %u is gone\r\n", at + 1);
}

/* What was sent whole is seen, as Dovecot does it. */
static void
mark_seen(struct session *s)
{
	struct flag_change seen = { FLAGS_ADD, FLAG_SEEN, 0, true };
	uint32_t *at = mem_resize(NULL, s->folder.count, sizeof *at);
	size_t n = 0;

	for (uint32_t i = 0; i < s->folder.count; i++)
		if (s->marks[i] & MARK_READ && !s->folder.messages[i].gone &&
		    !(s->folder.messages[i].flags & FLAG_SEEN))
			at[n++] = i;
	folder_flags(&s->folder, at, n, &seen);
	free(at);
}

static void
log_end(struct session *s, const char *reason)
{
	struct logline l;

	log_start(&l, "session");
	if (s->user.len > 0)
		log_span(&l, "user", s->user);
	log_peer(&l);
	log_text(&l, "end", reason);
	log_number(&l, "messages", s->folder.count);
	log_number(&l, "retrieved", (int64_t)s->retrieved);
	log_number(&l, "deleted", (int64_t)s->deleted);
	log_number(&l, "in", (int64_t)s->io.bytes_in);
	log_number(&l, "out", (int64_t)s->io.bytes_out);
	log_write(&l);
}

/* Serve commands; why it ended. */
static const char *
serve_commands(struct session *s)
{
	struct span line;

	while (!s->ended && !s->io.failed) {
		switch (io_line(&s->io, LINE_MAX_LEN, &line)) {
		case IO_OK:
			command_run(s, line);
			break;
		case IO_LONG:
			reply_error(s, "the line is too long");
			break;
		case IO_BARE:
			reply_error(s, "lines end with CR LF");
			break;
		case IO_TIMEOUT:
			reply_error(s, "[SYS/TEMP] idle for too long");
			io_flush(&s->io);
			return "timeout";
		case IO_EOF:
			return "closed";
		}
		if (s->errors > s->limits.errors) {
			io_put_text(&s->io, "-ERR too many errors\r\n");
			io_flush(&s->io);
			return "errors";
		}
	}
	io_flush(&s->io);
	return s->ended ? "quit" : "closed";
}

int
session_run(struct session *s)
{
	uint64_t idle = s->limits.idle_time;
	const char *reason;

	if (idle < IDLE_MIN_S)
		idle = IDLE_MIN_S;
	s->io.idle_ms = (int)(idle < 86400 ? idle * 1000 : 86400000);
	s->marks = mem_new(s->folder.count + 1);
	if (s->logged_in)
		reply_ok(s, "logged in, %u messages", s->folder.count);
	else
		reply_ok(s, "%u messages", s->folder.count);
	reason = serve_commands(s);
	mark_seen(s);
	log_end(s, reason);
	free(s->marks);
	return DONE;
}
