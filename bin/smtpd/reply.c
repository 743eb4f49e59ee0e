#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "about.h"
#include "base/clock.h"
#include "base/log.h"
#include "os/sock.h"

enum {
	LOGGED_MAX = 200, /* refusals between two messages in the log */
	TEXT_MAX = 600,
	LAST_WORD_MS = 5000,
};

static void
log_refusal(struct session *s, const char *rule, const char *text)
{
	struct logline l;

	if (++s->logged > LOGGED_MAX)
		return;
	log_start(&l, s->logged == LOGGED_MAX ? "refuse-last" : "refuse");
	about_log(s, &l);
	log_text(&l, "rule", rule);
	log_text(&l, "reply", text);
	log_write(&l);
}

void
refusals_tell(struct session *s)
{
	struct logline l;

	if (s->logged > LOGGED_MAX) {
		log_start(&l, "refuse-more");
		log_number(&l, "unlogged", s->logged - LOGGED_MAX);
		log_write(&l);
	}
	s->logged = 0;
}

/* "CODE STATUS text" as one line. */
static __attribute__((format(printf, 4, 0))) void
reply_put(struct session *s, int code, const char *status, const char *format,
    va_list ap, char text[TEXT_MAX])
{
	size_t n = (size_t)snprintf(text, TEXT_MAX, "%d %s%s", code, status,
	    status[0] == '\0' ? "" : " ");

	vsnprintf(text + n, TEXT_MAX - n, format, ap);
	for (char *p = text; *p != '\0'; p++)
		if (byte_is_control(*p))
			*p = ' ';
	io_put_text(&s->io, text);
	io_put_text(&s->io, "\r\n");
}

void
reply(struct session *s, int code, const char *status, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	reply_put(s, code, status, format, ap, text);
	va_end(ap);
}

void
refuse(struct session *s, const char *rule, int code, const char *status,
    const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	reply_put(s, code, status, format, ap, text);
	va_end(ap);
	log_refusal(s, rule, text);
	if (code >= 500)
		s->errors++;
}

void
reply_close(
    struct session *s, const char *rule, const char *status, const char *text)
{
	refuse(s, rule, 421, status, "%s", text);
	s->ended = true;
	s->io.deadline = clock_mono_ms() + LAST_WORD_MS;
	io_flush(&s->io);
	/* Unread input would cause a reset, which could overtake the reply. */
	if (s->io.socket_in) {
		shutdown(STDOUT_FILENO, SHUT_WR);
		io_discard(&s->io);
	}
}

void
reply_late(struct session *s, const char *text)
{
	if (s->grant.over)
		reply_close(s, "account", "4.7.0",
		    "The account was changed; log in again");
	else
		reply_close(s, "timeout", "4.4.2", text);
}

void
reply_wait(struct session *s)
{
	s->io.deadline = clock_mono_ms() +
	    (int64_t)s->server->limits.command_time * 1000;
}
