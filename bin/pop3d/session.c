#include "session.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/log.h"
#include "command.h"

enum {
	LINE_MAX_LEN = 512, /* RFC 2449 4 asks for 255 */
	IDLE_MIN_S = 600,   /* RFC 1939 3: at least ten minutes */
};

/* Mark completely sent messages as \Seen, as Dovecot does. */
static void
mark_seen(struct session *s)
{
	struct flag_change seen = {
		.how = FLAGS_ADD, .flags = FLAG_SEEN, .silent = true
	};
	uint32_t *at = mem_resize(NULL, s->folder.count, sizeof *at);
	size_t n = 0;

	for (uint32_t i = 0; i < s->folder.count; i++) {
		struct message m = folder_message(&s->folder, i);

		if (s->marks[i] & MARK_READ && !m.gone &&
		    !(m.flags & FLAG_SEEN))
			at[n++] = i;
	}
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

/* The session timed out, or the login is no longer valid (RFC 3206 4: AUTH). */
static const char *
session_late(struct session *s)
{
	reply_error(s, "%s",
	    s->grant.over ? "[AUTH] the account was changed; log in again"
			  : "[SYS/TEMP] idle for too long");
	io_flush(&s->io);
	return s->grant.over ? "changed" : "timeout";
}

/* Serve commands; returns why the session ended. */
static const char *
serve_commands(struct session *s)
{
	struct span line;

	while (!s->ended && !s->io.failed) {
		proc_cpu_renew(&s->cpu, s->limits.cpu_time);
		switch (io_line(&s->io, LINE_MAX_LEN, &line)) {
		case IO_OK:
			command_run(s, line);
			break;
		case IO_LONG:
			reply_error(s, "the line is too long");
			break;
		case IO_BARE:
			reply_error(s, "lines must end with CR LF");
			break;
		case IO_TIMEOUT:
			return session_late(s);
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
	s->io.pulse = grant_holds;
	s->io.pulse_arg = &s->grant;
	s->io.pulse_ms = GRANT_MS;
	s->marks = mem_new(s->folder.count + 1);
	s->ends = mem_new(s->folder.count + 1);
	if (s->logged_in)
		reply_ok(s, "logged in, %u messages", s->folder.count);
	else
		reply_ok(s, "%u messages", s->folder.count);
	reason = serve_commands(s);
	mark_seen(s);
	if (s->looked)
		folder_ends_note(&s->folder, s->ends);
	log_end(s, reason);
	free(s->marks);
	free(s->ends);
	return DONE;
}
