#include "session.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "command.h"

enum {
	WRITE_MS = 180 * 1000, /* a client that does not read or send on */
	ERRORS_MAX = 20,       /* refused in a row, then BYE */
	KEEP_BUFFER = 8192,    /* larger ones go back after the command */
	TRIM_AT = 64 * 1024,   /* free memory worth giving back */
	MAP_AT = 128 * 1024,
};

static const char *const result_words[] = { "OK", "NO", "BAD" };

void
answer(struct session *s, enum result r, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	str_setf(&s->reply, "%s %s", result_words[r], text);
	s->errors = r == RESULT_BAD ? s->errors + 1 : 0;
}

void
answer_syntax(struct session *s)
{
	const struct parser *p = &s->parser;

	if (p->too_big)
		answer(s, RESULT_BAD, "[TOOBIG] Over a limit of this server");
	else if (p->end == IO_BARE)
		answer(s, RESULT_BAD, "A bare CR or LF in the command");
	else
		answer(s, RESULT_BAD, "Syntax error at byte %zu of the line",
		    p->line.len - p->rest.len + 1);
}

/* RFC 5530. */
static const struct {
	int error;
	const char *code;
	const char *text;
} error_codes[] = {
	{ ENOENT, "[NONEXISTENT]", "No such mailbox" },
	{ EEXIST, "[ALREADYEXISTS]", "The mailbox is there already" },
	{ EINVAL, "[CANNOT]", "This can't be the name of a mailbox" },
	{ EPERM, "[CANNOT]", "Not possible with this mailbox" },
	{ EROFS, "[READ-ONLY]", "The mailbox is open read-only" },
	{ EAGAIN, "[INUSE]", "The mailbox is locked; try again" },
	{ EDQUOT, "[OVERQUOTA]", "The mailbox is full" },
	{ ENOSPC, "[OVERQUOTA]", "The disk is full" },
	{ EFBIG, "[TOOBIG]", "The message is too big" },
	{ EACCES, "[NOPERM]", "Not allowed" },
	{ ENAMETOOLONG, "[CANNOT]", "The name is too long" },
};

void
answer_errno(struct session *s, const char *what)
{
	int error = errno;
	struct logline l;

	for (size_t i = 0; i < COUNT(error_codes); i++)
		if (error_codes[i].error == error) {
			answer(s, RESULT_NO, "%s %s", error_codes[i].code,
			    error_codes[i].text);
			return;
		}
	log_start(&l, "error");
	log_text(&l, "user", s->user);
	log_text(&l, "what", what);
	errno = error;
	log_errno(&l);
	log_write(&l);
	answer(
	    s, RESULT_NO, "[SERVERBUG] Could not %s; it is in the log", what);
}

static void
greet(struct session *s, const char *tag)
{
	str_clear(&s->text);
	capability_add(&s->text);
	if (tag == NULL)
		io_putf(&s->io, "* PREAUTH [%s] chainmail\r\n", s->text.at);
	else
		io_putf(&s->io, "%s OK [%s] Logged in\r\n", tag, s->text.at);
}

void
session_rest(struct session *s)
{
	struct io *io = &s->io;

	if (io_flush(io) != IO_OK || io_pending(io).len > 0)
		return;
	if (s->text.size > KEEP_BUFFER)
		str_free(&s->text);
	if (s->reply.size > KEEP_BUFFER)
		str_free(&s->reply);
	if (io->output.size > KEEP_BUFFER)
		str_free(&io->output);
	if (io->input.size > KEEP_BUFFER) {
		str_free(&io->input);
		io->input_at = 0;
	}
	if (mallinfo2().fordblks > TRIM_AT)
		malloc_trim(0);
}

static void
bye(struct session *s, const char *text)
{
	io_putf(&s->io, "* BYE %s\r\n", text);
	s->state = LOGGED_OUT;
}

/* The command itself, its tag taken; then its one tagged answer. */
static void
command_answer(struct session *s)
{
	str_clear(&s->reply);
	command_run(s);
	if (s->parser.end == IO_EOF || s->parser.end == IO_TIMEOUT)
		return;
	io_put(&s->io, s->tag);
	io_putf(&s->io, " %s\r\n", s->reply.at);
}

static void
line_serve(struct session *s)
{
	struct parser *p = &s->parser;

	if (p->end == IO_LONG) {
		s->errors++;
		io_put_text(&s->io, "* BAD [TOOBIG] The line is too long\r\n");
	} else if (p->end == IO_BARE) {
		s->errors++;
		io_put_text(&s->io, "* BAD The line has a bare CR or LF\r\n");
	} else if (!parse_tag(p, &s->tag) || !parse_space(p)) {
		s->errors++;
		io_put_text(&s->io, "* BAD A tag and a command, please\r\n");
	} else {
		command_answer(s);
	}
	if (!parse_finish(p) && p->end != IO_EOF && p->end != IO_TIMEOUT)
		bye(s, "[TOOBIG] That literal is too big");
}

/* Wait for the next command; what the last one took is given back first. */
static enum io_result
command_wait(struct session *s)
{
	arena_clear(&s->arena);
	if (io_pending(&s->io).len == 0)
		session_rest(s);
	s->io.idle_ms = (int)(s->limits.idle_time * 1000);
	return parse_start(&s->parser, &s->io, &s->arena);
}

static void
session_log(const struct session *s)
{
	struct logline l;

	log_start(&l, "end");
	log_text(&l, "user", s->user);
	log_peer(&l);
	log_number(&l, "in", (int64_t)s->io.bytes_in);
	log_number(&l, "out", (int64_t)s->io.bytes_out);
	log_write(&l);
}

void
session_run(struct session *s, const char *tag)
{
	mallopt(M_MMAP_THRESHOLD, MAP_AT);
	mallopt(M_TRIM_THRESHOLD, MAP_AT);
	io_init(&s->io, 0, 1);
	str_init(&s->reply);
	str_init(&s->text);
	s->state = AUTHENTICATED;
	greet(s, tag);
	while (s->state != LOGGED_OUT && !s->io.failed) {
		enum io_result r = command_wait(s);

		s->io.idle_ms = WRITE_MS;
		if (r != IO_EOF && r != IO_TIMEOUT)
			line_serve(s);
		r = s->parser.end;
		if (r == IO_TIMEOUT)
			bye(s, "[UNAVAILABLE] Nothing was heard for too long");
		if (r == IO_EOF || r == IO_TIMEOUT)
			break;
		if (s->errors >= ERRORS_MAX)
			bye(s, "Too many errors");
	}
	io_flush(&s->io);
	session_unselect(s);
	session_log(s);
	io_free(&s->io);
	arena_free(&s->arena);
	str_free(&s->reply);
	str_free(&s->text);
}
