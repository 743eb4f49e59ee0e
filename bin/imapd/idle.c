/* IDLE (RFC 2177): changes are told as they come, until DONE. */
#include <poll.h>

#include "base/clock.h"
#include "command.h"

enum {
	POLL_MS = 10 * 1000, /* where the kernel can't watch for us */
	SETTLE_MS = 40,      /* until a change can't hide behind another */
};

/* Wait for the client; true: it has sent something, or is gone. */
static bool
client_wait(struct session *s, int64_t until)
{
	int watch = s->state == SELECTED ? folder_watch(&s->folder) : -1;

	while (io_pending(&s->io).len == 0) {
		struct pollfd fds[] = { { .fd = s->io.in, .events = POLLIN },
			{ .fd = watch, .events = POLLIN } };
		int64_t left = until - clock_mono_ms();
		bool settling = s->state == SELECTED &&
		    !folder_is_settled(&s->folder);
		bool polling = settling || (s->state == SELECTED && watch < 0);
		int pause = settling ? SETTLE_MS : POLL_MS;

		if (left <= 0)
			return false;
		if (polling && left > pause)
			left = pause;
		session_rest(s);
		if (s->io.failed)
			return true;
		if (poll(fds, COUNT(fds), (int)left) < 0)
			continue;
		if (fds[0].revents != 0)
			return true;
		if (watch >= 0 && fds[1].revents != 0)
			folder_watch_clear(&s->folder);
		if (s->state == SELECTED && (polling || fds[1].revents != 0))
			session_sync(s, true);
		if (s->state == LOGGED_OUT)
			return true;
	}
	return true;
}

/* Anything but DONE is refused and changes nothing: Apple's clients send a
 * second IDLE there. */
static void
line_refuse(struct session *s, struct span line)
{
	struct span tag = span_head(line, span_find(line, ' '));

	if (tag.len == 0 || tag.len > TAG_MAX || tag.len == line.len)
		io_put_text(&s->io, "* BAD DONE is expected\r\n");
	else
		io_putf(&s->io, "%.*s BAD DONE is expected\r\n", (int)tag.len,
		    tag.at);
	s->errors++;
}

void
cmd_idle(struct session *s)
{
	struct parser *p = &s->parser;
	int64_t until = clock_mono_ms() + (int64_t)s->limits.idle_time * 1000;
	unsigned errors = s->errors;

	if (!session_end(s))
		return;
	io_put_text(&s->io, "+ idling\r\n");
	if (s->state == SELECTED) {
		/* First, or what comes between the two is not noticed. */
		folder_watch(&s->folder);
		session_sync(s, true);
	}
	for (;;) {
		struct span line;

		if (!client_wait(s, until))
			p->end = IO_TIMEOUT;
		else if (s->state == LOGGED_OUT)
			return;
		else
			p->end = io_line(&s->io, LINE_MAX_LEN, &line);
		if (p->end == IO_TIMEOUT || p->end == IO_EOF)
			return;
		if (p->end == IO_OK && span_equal_case(line, SPAN("DONE")))
			break;
		line_refuse(s, p->end == IO_OK ? line : SPAN(""));
		if (s->errors > errors + 10)
			break;
	}
	answer(s, RESULT_OK, "Idle ended");
}
