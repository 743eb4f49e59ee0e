#include "session.h"

#include "answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "command.h"
#include "compress.h"
#include "memory.h"
#include "notify/idle.h"
#include "notify/notify.h"
#include "search/search_learn.h"
#include "selected/sync.h"

enum {
	WRITE_MS = 180 * 1000, /* for a client that stops reading or sending */
	LITERAL_MINUS = 4096,  /* RFC 7888 5 */
	ERRORS_MAX = 20,       /* refused in a row, then BYE */
};

/* Literals are counted per command, without messages. */
static const struct parse_limits limits_usual = {
	.literals = 1000,
	.literal = 1 << 20,
	.literal_bytes = 1 << 20,
	.drain = 256 << 20,
};

static void
greet(struct session *s, const char *tag)
{
	str_clear(&s->text);
	capability_add(s, &s->text);
	if (tag == NULL)
		io_putf(&s->io, "* PREAUTH [%s] chainmail\r\n", s->text.at);
	else
		io_putf(&s->io, "%s OK [%s] Logged in\r\n", tag, s->text.at);
}

static void
bye(struct session *s, const char *text)
{
	io_putf(&s->io, "* BYE %s\r\n", text);
	s->state = LOGGED_OUT;
}

/* Run a command whose tag was taken; then send its one tagged answer. */
static void
command_answer(struct session *s)
{
	str_clear(&s->reply);
	if (s->parser.end == IO_OK)
		command_run(s);
	else
		answer_syntax(s);
	if (s->parser.end == IO_EOF || s->parser.end == IO_TIMEOUT)
		return;
	io_put(&s->io, s->tag);
	io_putf(&s->io, " %s\r\n", s->reply.at);
}

static void
line_serve(struct session *s)
{
	struct parser *p = &s->parser;

	/* A client waits for an answer with its tag, so even an overlong line
	 * gets one. */
	if (parse_tag(p, &s->tag) && parse_space(p)) {
		command_answer(s);
	} else {
		s->errors++;
		io_put_text(&s->io, "* BAD Expected a tag and a command\r\n");
	}
	if (!parse_finish(p))
		bye(s, "[TOOBIG] The literal is too big");
}

/* RFC 5465: the client is told things while it sends no command. False: there
 * will be none. */
static bool
notify_wait(struct session *s)
{
	bool heard = client_wait(
	    s, clock_mono_ms() + (int64_t)s->limits.idle_time * 1000, false);

	s->parser = (struct parser){ .io = &s->io,
		.arena = &s->arena,
		.end = heard ? IO_EOF : IO_TIMEOUT };
	return heard && s->state != LOGGED_OUT;
}

/* Free the last command's memory and wait for the next command. */
static enum io_result
command_wait(struct session *s)
{
	proc_cpu_renew(&s->cpu, s->limits.cpu_time);
	arena_clear(&s->arena);
	compress_renew(s);
	search_learn(s);
	if (!io_ready(&s->io))
		memory_rest(s);
	if (notify_is_on(s) && !notify_wait(s))
		return s->parser.end;
	s->io.idle_ms = (int)(s->limits.idle_time * 1000);
	return parse_start(&s->parser, &s->parse_limits, &s->io, &s->arena);
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
	memory_tune();
	io_init(&s->io, 0, 1);
	s->io.pulse = grant_holds;
	s->io.pulse_arg = &s->grant;
	s->io.pulse_ms = GRANT_MS;
	s->parse_limits = limits_usual;
	if (!session_offers(s, "LITERAL+"))
		s->parse_limits.unasked = session_offers(s, "LITERAL-")
		    ? LITERAL_MINUS + 1
		    : 1;
	str_init(&s->reply);
	str_init(&s->text);
	str_init(&s->mailbox);
	s->state = AUTHENTICATED;
	greet(s, tag);
	while (s->state != LOGGED_OUT && !s->io.failed) {
		enum io_result r = command_wait(s);

		s->io.idle_ms = WRITE_MS;
		if (r != IO_EOF && r != IO_TIMEOUT)
			line_serve(s);
		compress_begin(s);
		r = s->parser.end;
		if (r == IO_TIMEOUT)
			bye(s,
			    s->grant.over
				? "The account was changed; log in again"
				: "[UNAVAILABLE] Idle for too long");
		if (r == IO_EOF && compress_is_over(s))
			bye(s, "[TOOBIG] Too much in one command");
		if (r == IO_EOF || r == IO_TIMEOUT)
			break;
		if (s->errors >= ERRORS_MAX)
			bye(s, "Too many errors");
	}
	io_flush(&s->io);
	session_unselect(s);
	notify_free(s);
	session_log(s);
	compress_end(s);
	io_free(&s->io);
	arena_free(&s->arena);
	str_free(&s->reply);
	str_free(&s->text);
	str_free(&s->mailbox);
}
