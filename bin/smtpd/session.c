#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "os/proc.h"
#include "os/sock.h"

enum {
	LINE_MAX_AUTH = 12288, /* RFC 4954 4: a response of a mechanism */
	LOGGED_MAX = 30,       /* refusals of one session in the log */
	LAST_WORD_MS = 5000,
};

static enum service
service_find(struct span name)
{
	static const struct {
		const char *name;
		enum service service;
	} services[] = { { "submission", SUBMISSION },
		{ "submissions", SUBMISSIONS }, { "lmtp", LMTP },
		{ "local", LOCAL } };

	for (size_t i = 0; i < COUNT(services); i++)
		if (span_equal(name, span_text(services[i].name)))
			return services[i].service;
	return MX;
}

/* Is the peer in a network of `relay`? */
static bool
session_listed(const struct session *s)
{
	return network_has(&s->server->relay, span_text(fact("TCPREMOTEIP")));
}

/* Who is at the other end of a Unix socket, as the kernel knows it; at a
 * terminal or in a pipe it is who started us. A socket of another kind has
 * nobody. */
static bool
peer_uid(uid_t *uid_r)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof peer;

	*uid_r = getuid();
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return errno == ENOTSOCK;
	*uid_r = peer.uid;
	return peer.uid != (uid_t)-1;
}

/* Local users need no login. Names of users would need NSS, which can't work
 * in the sandbox; the number can't lie. */
static void
session_greet_user(struct session *s)
{
	uid_t uid;

	if (s->service != LOCAL || !peer_uid(&uid))
		return;
	str_setf(&s->user, "uid:%lu", (unsigned long)uid);
	s->trusted = true;
}

static void
session_init(struct session *s, struct server *server)
{
	*s = (struct session){ .server = server, .state = START };
	s->service = service_find(span_text(fact("SERVICE")));
	s->local = fact_is_local();
	s->trusted = session_listed(s);
	io_init(&s->io, STDIN_FILENO, STDOUT_FILENO);
	tls_session_init(&s->tls_facts);
	str_init(&s->helo);
	str_init(&s->user);
	envelope_init(&s->envelope);
	message_init(&s->message);
	session_greet_user(s);
}

void
session_reset(struct session *s)
{
	message_abort(s);
	envelope_clear(&s->envelope);
	s->declared = s->asked = 0;
	s->id = (struct id){ "" };
	if (s->state != START)
		s->state = READY;
}

void
session_forget(struct session *s)
{
	session_reset(s);
	s->state = START;
	str_clear(&s->helo);
	str_clear(&s->user);
	s->trusted = session_listed(s);
}

static void
log_refusal(struct session *s, const char *text)
{
	struct logline l;

	if (++s->logged > LOGGED_MAX)
		return;
	log_start(&l, s->logged == LOGGED_MAX ? "refuse-last" : "refuse");
	if (s->id.text[0] != '\0')
		log_text(&l, "id", s->id.text);
	log_peer(&l);
	if (s->user.len > 0)
		log_span(&l, "user", str_span(&s->user));
	log_text(&l, "reply", text);
	log_write(&l);
}

void
reply(struct session *s, int code, const char *status, const char *format, ...)
{
	char text[600];
	size_t n = (size_t)snprintf(text, sizeof text, "%d %s%s", code, status,
	    status[0] == '\0' ? "" : " ");
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + n, sizeof text - n, format, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if (byte_is_control(*p))
			*p = ' ';
	io_put_text(&s->io, text);
	io_put_text(&s->io, "\r\n");
	if (code >= 400)
		log_refusal(s, text);
	if (code >= 500)
		s->errors++;
}

void
session_close(struct session *s, const char *status, const char *text)
{
	reply(s, 421, status, "%s", text);
	s->ended = true;
	s->io.deadline = clock_mono_ms() + LAST_WORD_MS;
	io_flush(&s->io);
	/* A reset by input that nobody reads could overtake the reply. */
	if (s->io.socket_in) {
		shutdown(STDOUT_FILENO, SHUT_WR);
		io_discard(&s->io);
	}
}

void
session_wait(struct session *s)
{
	s->io.deadline = clock_mono_ms() +
	    (int64_t)s->server->limits.command_time * 1000;
}

/* RFC 5321 4.5.3.2.7: five minutes for a command. */
static void
session_command(struct session *s)
{
	struct span line;

	session_wait(s);
	switch (io_line(&s->io, LINE_MAX_AUTH, &line)) {
	case IO_OK:
		command_run(s, line);
		break;
	case IO_LONG:
		reply(s, 500, "5.5.2", "Line too long");
		break;
	case IO_BARE:
		/* RFC 5321 2.3.8: CR and LF only together. */
		reply(s, 500, "5.5.2", "A line ends in CR LF");
		break;
	case IO_TIMEOUT:
		session_close(s, "4.4.2", "No command for too long");
		break;
	case IO_EOF:
		s->ended = true;
		break;
	}
	if (!s->ended && s->errors >= s->server->limits.errors)
		session_close(s, "4.7.0", "Too many errors");
	if (!s->ended && s->idle >= s->server->limits.idle_commands)
		session_close(
		    s, "4.7.0", "Too many commands without a message");
}

int
session_run(void *arg)
{
	struct session s;

	server_refresh(arg);
	session_init(&s, arg);
	if (s.server->parent)
		proc_limit(&(struct proc_limits){ .no_fork = true });
	if (s.service != SUBMISSIONS || starttls_now(&s)) {
		io_putf(&s.io, "220 %s %s chainmail\r\n", s.server->users.me.at,
		    s.service == LMTP ? "LMTP" : "ESMTP");
		while (!s.ended)
			session_command(&s);
		io_flush(&s.io);
	}
	session_reset(&s);
	return DONE; /* the process ends, and its memory with it */
}
