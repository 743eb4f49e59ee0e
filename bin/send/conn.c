#include "conn.h"

#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"

enum { QUIT_MS = 1000 };

void
conn_init(struct conn *c)
{
	*c = (struct conn){ .fd = -1, .key = STR_INIT, .host = STR_INIT };
	io_init(&c->io, -1, -1);
	reply_init(&c->reply);
}

void
conn_close(struct conn *c)
{
	if (c->fd < 0)
		return;
	if (c->wire != NULL)
		tls_wire_end(c->wire);
	close(c->fd);
	io_free(&c->io);
	reply_free(&c->reply);
	str_free(&c->key);
	str_free(&c->host);
	arena_free(&c->memory);
	conn_init(c);
}

void
conn_free(struct conn *c)
{
	conn_close(c);
	io_free(&c->io);
	reply_free(&c->reply);
	str_free(&c->key);
	str_free(&c->host);
	arena_free(&c->memory);
}

void
conn_quit(struct conn *c)
{
	if (c->fd < 0)
		return;
	c->io.deadline = clock_mono_ms() + QUIT_MS;
	io_put_text(&c->io, "QUIT\r\n");
	io_flush(&c->io);
	conn_close(c);
}

bool
conn_is_stale(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	/* TLS's own messages (tickets) come with the handshake or the first
	 * replies; later bytes mean the end. */
	return c->ending || c->io.failed || io_pending(&c->io).len > 0 ||
	    poll(&p, 1, 0) != 0;
}

void
conn_name(const struct conn *c, struct arena *a, struct result *r)
{
	r->host = arena_copy(a, str_span(&c->host));
	r->ip = arena_copy(a, span_text(c->ip));
	if (c->wire != NULL)
		r->tls = arena_copy(a, span_text(c->outcome.protocol));
	if (c->rule.why != NULL)
		r->rule = span_text(c->rule.why);
}

bool
conn_reply(struct conn *c, int ms, struct arena *a, struct result *r)
{
	enum io_result got;
	const char *what = "";

	c->io.deadline = clock_mono_ms() + ms;
	got = reply_read(&c->io, &c->reply);
	c->late = got == IO_TIMEOUT;
	switch (got) {
	case IO_OK:
		/* RFC 5321 3.8: it closes after a 421. */
		c->ending |= c->reply.code == 421;
		return true;
	case IO_EOF:
		what = "the connection was lost";
		break;
	case IO_TIMEOUT:
		what = "no answer in time";
		break;
	case IO_LONG:
	case IO_BARE:
		what = "its answer is not SMTP";
		break;
	}
	c->ending = true;
	c->reply.code = 0;
	if (r != NULL) {
		/* RFC 3463: 4.4.2 bad connection. */
		result_set(r, a, TEMP, "4.4.2", "%s", what);
		conn_name(c, a, r);
	}
	return false;
}

bool
conn_command(struct conn *c, int ms, struct arena *a, struct result *r,
    const char *format, ...)
{
	struct str line = STR_INIT;
	va_list ap;

	va_start(ap, format);
	str_add_format(&line, format, ap);
	va_end(ap);
	str_add_text(&line, "\r\n");
	c->io.deadline = clock_mono_ms() + ms;
	io_put(&c->io, str_span(&line));
	str_wipe(&line); /* it may have been a password */
	return conn_reply(c, ms, a, r);
}
