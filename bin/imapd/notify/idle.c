/* IDLE (RFC 2177): changes are reported as they happen, until DONE. */
#include <errno.h>
#include <poll.h>

#include "answer.h"
#include "argument.h"
#include "base/clock.h"
#include "base/log.h"
#include "command.h"
#include "memory.h"
#include "notify/idle.h"
#include "notify/notify.h"
#include "selected/sync.h"

enum {
	POLL_MS = 10 * 1000, /* without inotify */
	SETTLE_MS = 40,      /* until times of changes differ */
};

/* One wait: for the client, the selected mailbox, what NOTIFY looks at. */
struct waiting {
	bool selected; /* something of that one may be told now */
	bool expunges;
	int folder;   /* what wakes for it, or -1 */
	bool polling; /* look without being woken, after pause ms */
	int pause;
};

/* A session has one inotify instance for its mailbox, and systems allow 128 a
 * user unless they are told. Say so once; errno is why. */
static void
unwatched_tell(struct session *s)
{
	struct logline l;

	/* The folder may have been deleted. */
	if (s->unwatched || errno == ENOENT || errno == ENOTDIR)
		return;
	s->unwatched = true;
	log_start(&l, "unwatched");
	log_text(&l, "user", s->user);
	log_errno(&l);
	log_text(&l, "remedy",
	    errno == ENOSPC ? "sysctl fs.inotify.max_user_watches=524288"
			    : "sysctl fs.inotify.max_user_instances=8192");
	log_write(&l);
}

static struct waiting
wait_begin(struct session *s, bool idle)
{
	struct waiting w = { .folder = -1 };

	/* RFC 5465 4: IDLE then tells the same as NOTIFY. */
	w.selected = s->state == SELECTED && notify_selected(s) != 0;
	w.expunges = idle || notify_expunges(s);
	if (w.selected) {
		w.folder = folder_watch(&s->folder);
		if (w.folder < 0)
			unwatched_tell(s);
		w.pause = folder_is_settled(&s->folder) ? POLL_MS : SETTLE_MS;
		w.polling = w.folder < 0 || w.pause == SETTLE_MS;
	}
	return w;
}

/* How long at most; -1: the session is over. */
static int64_t
wait_time(struct session *s, const struct waiting *w, int64_t until)
{
	int64_t left = until - clock_mono_ms(), pulse, next = notify_left(s);

	if (left <= 0 || !io_pulse(&s->io, &pulse))
		return -1;
	if (w->polling && left > w->pause)
		left = w->pause;
	if (pulse >= 0 && left > pulse)
		left = pulse;
	return next >= 0 && left > next ? next : left;
}

bool
client_wait(struct session *s, int64_t until, bool idle)
{
	while (!io_ready(&s->io) && s->state != LOGGED_OUT) {
		struct waiting w = wait_begin(s, idle);
		struct pollfd fds[] = { { .fd = s->io.in, .events = POLLIN },
			{ .fd = w.folder, .events = POLLIN },
			{ .fd = notify_fd(s), .events = POLLIN } };
		int64_t left = wait_time(s, &w, until);

		if (left < 0)
			return false;
		memory_rest(s);
		if (s->io.failed)
			return true;
		if (poll(fds, COUNT(fds), (int)left) < 0)
			continue;
		/* Compressed bytes may be too few to mean anything yet. */
		if (fds[0].revents != 0 &&
		    (s->io.transport == NULL || io_ready(&s->io)))
			return true;
		/* Who is told things all day uses the time of many commands. */
		if (fds[1].revents != 0 || fds[2].revents != 0)
			proc_cpu_renew(&s->cpu, s->limits.cpu_time);
		if (fds[1].revents != 0)
			folder_watch_clear(&s->folder);
		if (w.selected && (w.polling || fds[1].revents != 0)) {
			session_sync(s, w.expunges);
			notify_fetch(s);
		}
		if (fds[2].revents != 0)
			notify_read(s);
		if (s->state != LOGGED_OUT)
			notify_look(s);
	}
	return true;
}

/* Refuse any line but DONE and stay idle: Apple's clients send a second IDLE
 * there. */
static void
line_refuse(struct session *s)
{
	struct parser *p = &s->parser;
	struct span tag;

	if (!parse_tag(p, &tag) || !parse_space(p))
		tag = SPAN("*");
	io_put(&s->io, tag);
	io_put_text(&s->io, " BAD Expected DONE\r\n");
	s->errors++;
}

void
cmd_idle(struct session *s)
{
	struct parser *p = &s->parser;
	int64_t until = clock_mono_ms() + (int64_t)s->limits.idle_time * 1000;
	unsigned errors = s->errors;

	if (!argument_end(s))
		return;
	io_put_text(&s->io, "+ idling\r\n");
	if (s->state == SELECTED) {
		/* Watch first, or a change between the two calls is missed. */
		folder_watch(&s->folder);
		session_sync(s, true);
		notify_fetch(s);
	}
	for (;;) {
		if (!client_wait(s, until, true))
			p->end = IO_TIMEOUT;
		else if (s->state == LOGGED_OUT)
			return;
		else
			parse_start(p, p->limits, &s->io, &s->arena);
		if (p->end == IO_TIMEOUT || p->end == IO_EOF)
			return;
		if (p->end == IO_OK && span_equal_case(p->line, SPAN("DONE")))
			break;
		line_refuse(s);
		if (!parse_finish(p)) {
			answer(s, RESULT_BAD,
			    "[TOOBIG] Too much unexpected input");
			return;
		}
		if (s->errors > errors + 10)
			break;
	}
	answer(s, RESULT_OK, "IDLE completed");
}
